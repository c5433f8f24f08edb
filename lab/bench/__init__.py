"""How fast this machine trains. What is measured against other frameworks lives in benchmarks/."""
