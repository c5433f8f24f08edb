"""Read a run: two to four findings, the most important first."""

from lab.reading import notes
from lab.reading.curves import curves_of
from lab.reading.facts import Facts
from lab.reading.faults import ALWAYS, RULES
from lab.reading.finding import Finding

MOST = 4


def read(facts: Facts) -> list[Finding]:
    """What the curves of a run show: faults, then how it went. [] if nothing was recorded."""
    curves = curves_of(facts)
    if curves is None:
        return []
    findings: list[Finding] = []
    explained = False
    for key, rule in RULES.items():
        if (explained and key not in ALWAYS) or not (finding := rule(curves)):
            continue
        findings.append(finding)
        explained = explained or key not in ALWAYS
    rest = (notes.beside_expected, notes.best, notes.gap, notes.reached)
    remarks = [
        remark for tell in (rest if findings else (notes.still_falling, notes.flat, *rest)) if (remark := tell(curves))
    ]
    return [*findings, *remarks][:MOST]
