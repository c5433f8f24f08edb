"""With dropout no updates can be compared; whether it is off in evaluations can."""

import pytest

from tests.lab.training.test_planted import CHANGES, NETWORK

# In the training each hidden unit stays with the probability 0.8, and is divided by that.
INVERTED = NETWORK.replace("    def forward(self, X):\n", "    def forward(self, X, training=True):\n").replace(
    "            self.hs.append(np.maximum(s, 0))",
    "            h = np.maximum(s, 0)\n"
    "            if training:\n"
    "                h = h * (np.random.rand(*h.shape) < 0.8) / 0.8\n"
    "            self.hs.append(h)",
)
MASK = "(np.random.rand(*h.shape) < 0.8)"
NONE = "Its updates are not compared with Gradlab's own network: each of them drops other units. "
OFF = NONE + "Its evaluation agrees."


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ((), OFF),
        (
            (
                (" / 0.8", ""),
                (
                    "            if training:",
                    "            if not training:\n                h = 0.8 * h\n            else:",
                ),
            ),
            OFF,
        ),
        ((("np.maximum(s, 0)", "np.tanh(s)"),), OFF),
        ((("if training:", "if True:"),), NONE + "Its evaluation is another every time (a probability moves by "),
        (
            (("if training:", "if True:"), (MASK, "(np.random.RandomState(3).rand(*h.shape) < 0.8)")),
            NONE + "Its evaluation does not agree: a probability differs by ",
        ),
    ],
)
def test_dropout_that_stays_on_in_evaluations_is_told(sentence, pairs, said):
    text = INVERTED
    for right, other in pairs:
        assert right in text
        text = text.replace(right, other)
    assert sentence(text, "Network", "a2-setting1", "network.dropout=0.2", *CHANGES).startswith(said)


def test_an_evaluation_that_draws_is_told_without_dropout_too(sentence):
    noisy = NETWORK.replace("    def forward(self, X):\n", "    def forward(self, X, training=True):\n").replace(
        "        e = np.exp(s",
        "        s = s if training else s + 0.1 * np.random.randn(*s.shape)\n        e = np.exp(s",
    )
    said = sentence(noisy, "Network", "a2-setting1", *CHANGES)
    assert said.startswith("Updates 1 to 8 agree with Gradlab's own network. Its evaluation is another every time")
