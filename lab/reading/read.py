"""Read a run: at most four findings, the most important first; of one that has ended, two or more."""

from lab.reading import notes
from lab.reading.curves import curves_of
from lab.reading.facts import Facts
from lab.reading.faults import ALWAYS, AT_ONCE, FROM_THE_MIDDLE, RULES
from lab.reading.finding import Fault, Finding

MOST = 4


def read(facts: Facts) -> list[Finding]:
    """What the curves of a run show: faults, then how it went. [] if nothing was recorded.

    Of a run that goes on: the faults that can be told by now, and how far it came.
    """
    curves = curves_of(facts)
    if curves is None:
        return []
    findings: list[Finding] = []
    explained = False
    for key in _tellable(facts):
        if (explained and key not in ALWAYS) or not (finding := RULES[key](curves)):
            continue
        findings.append(finding)
        explained = explained or key not in ALWAYS
    at_rest = () if findings or not facts.ended else (notes.still_falling, notes.flat)
    tellers = (*at_rest, notes.beside_expected, notes.best, notes.gap, notes.reached)
    remarks = [remark for tell in tellers if (remark := tell(curves))]
    return [*findings, *remarks][:MOST]


def _tellable(facts: Facts) -> list[Fault]:
    """The faults that can be told by now, the most important first."""
    if facts.ended:
        return [*RULES]
    told = (*AT_ONCE, *FROM_THE_MIDDLE) if facts.progress >= 1 / 2 else AT_ONCE
    return [key for key in RULES if key in told]
