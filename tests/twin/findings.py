"""Differences between the program and the twin that are known and not mended yet.

Each has the paragraph, which decides in the twin's favour or leaves it open, and a test of whether
a difference is of its kind.  They are counted and printed, not failed.  Whoever mends one deletes
it here: a finding that no longer shows in a run is reported, so that this list can't outlive its
reasons."""


# name -> test(case, the twin's answer, the program's, what differs)
OPEN = {
    # 742.6(b)(10)(iii)(A)(1): "if the license application meets the criteria of more than one
    # licensing policy, then this licensing policy ... will be applied".  Whether that is so of an
    # application for a chip and for a tool of another policy, the text doesn't say.  The program
    # lets it prevail, the twin for the chip alone.
    "the window of one item beside the policy of another":
        lambda case, mine, theirs, say: len(case["transaction"].get("items") or []) > 1 and
        all(x.startswith("policy: program case_by_case, twin presum") for x in say),
}
# Shared cases of which the twin holds another reading, each marked there as likely, not certain.
SHARED = {
    # Its table names no equipment but in the description, in plain words: 3E992 for 3B001.c.1.a is
    # controlled to every destination, deemed exports too (742.4(a)(5), docs/review.md).
    "sme-3e992-deemed-cn",
}
# Points of tests/cases/law_points.jsonl that the program doesn't hold yet.
POINTS = set()


def reason(case, mine, theirs, say):
    """The finding that a difference belongs to, or None."""
    for name, test in OPEN.items():
        if test(case, mine, theirs, say):
            return name
    return None
