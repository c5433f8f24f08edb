"""Everything the five reports report, measured again and judged. What is trained for it lives in lab.search."""
