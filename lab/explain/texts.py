"""What a setting does, in words: more than the one line of the schema, for the settings that matter most."""

TEXTS: dict[str, str] = {
    "optimiser.eta": (
        "The step that each update takes against the gradient. Too small, and the loss falls along a straight line "
        "and does not come far. Too large, and it jumps up and down, or is not finite at all. Its best value lies "
        "just below the one at which the loss becomes ragged; gradlab search PRESET --lr-range finds the place."
    ),
    "loss.lambda": (
        "The penalty pulls every weight towards 0: its gradient is 2 lambda W. A little of it keeps the network "
        "from overfitting the training examples, so that training and validation accuracy come together. Too "
        "much, and the training loss stays high as well: the weights stay too small to tell the classes apart."
    ),
    "loss.logit_adjustment": (
        "A network that sees more of some classes guesses them more often. In training, the log of each class's share "
        "of the drawn examples is added to its logit (Menon et al. 2021, arXiv:2007.07314): how common a class is need "
        "not be learnt, and judged without it the network answers as if all classes were equally common. With balanced "
        "and weighted sampling all shares are equal, and nothing changes."
    ),
    "loss.label_smoothing": (
        "In training the right class is asked for a little less than probability 1, and every class for a little "
        "more than 0. The network cannot win by ever larger logits, so it is less sure of itself and overfits less; "
        "the training loss is higher for it. The losses that are reported are the plain ones, so runs can be compared."
    ),
    "training.batch": (
        "The examples behind each gradient. With few, an update is cheap and noisy; with many, it is exact and "
        "costs as much more. In the same number of updates a larger batch sees more examples, so compare runs of "
        "the same number of epochs, too. A larger batch bears a larger eta."
    ),
    "network.hidden": (
        "The units of each hidden layer. More units can tell more apart: the training loss gets lower, and the gap "
        "between training and validation grows. With fewer units than classes the network underfits."
    ),
    "schedule.n_s": (
        "Half a cycle of eta: it grows for n_s updates and falls for n_s. Results count at the ends of cycles, "
        "where eta is smallest. Smith (2015, arXiv:1506.01186) advises 2 to 10 epochs. A run that ends inside a "
        "cycle is judged while eta is still large."
    ),
    "schedule.eta_min": (
        "What eta begins and ends with in each cycle. It decides how far the loss settles at the end of a cycle: "
        "close to the largest eta, it never settles."
    ),
    "network.dropout": (
        "In training each unit is set to 0 with this probability, and the others are scaled up. The network cannot "
        "rely on single units, so it overfits less; the training loss is higher for it. When the network is "
        "judged, all units take part."
    ),
    "network.marks": (
        "A character of its own stands before each name and another after it, so that a filter can ask for a "
        "beginning or an ending: -ov at the end of a name says more than ov inside it. Letters that are hidden for an "
        "explanation leave the marks where they are."
    ),
    "network.members": (
        "Small networks that begin with other weights and drop other units make other mistakes. Side by side, each "
        "with filters and a loss of its own, they answer with the mean of their logits, in which these mistakes cancel "
        "in part. They take the time and memory of that many networks."
    ),
    "network.batch_norm": (
        "Each unit is normalised over the batch before ReLU, then scaled and shifted by learnt numbers. Signals "
        "keep their size through many layers, whatever the initial weights: deep networks train, larger eta is "
        "borne, and sigma hardly matters. When the network is judged, running means stand in for those of the "
        "batch."
    ),
    "network.initialiser": (
        "The spread of the first weights. he keeps the size of a signal through layers with ReLU, xavier through "
        "layers without it. With weights that are too small the signal fades from layer to layer, and the "
        "gradients with it: the loss stays at ln K."
    ),
    "network.sigma": (
        "The standard deviation of the first weights, for the initialiser normal. Through k layers it counts k "
        "times: with 1e-4 and three layers no gradient reaches the first one, unless batch normalisation is on."
    ),
    "optimiser.rho": (
        "The share of the velocity that each update keeps. The steps add up to 1/(1 - rho) times eta along a "
        "direction that stays the same: with 0.9 ten times as far, with 0.99 a hundred times. A larger rho wants a "
        "smaller eta."
    ),
    "optimiser.mu": (
        "The share of the average gradient that each update keeps. Unlike rho it does not make the steps longer, "
        "only smoother."
    ),
    "training.evaluate_every": (
        "How often the curves get a point. Each evaluation goes once through the training and validation sets, so "
        "that frequent ones take time; the training itself is the same."
    ),
    "training.sampling": (
        "plain shows every example once in an epoch, so that common classes weigh more. balanced and weighted make "
        "the classes equally frequent: rare ones are guessed more often, common ones less. square-root lies between "
        "plain and weighted: rare classes repeat their examples less, and common ones show more of theirs."
    ),
    "seed": (
        "Every random draw of a run follows from it. The same seed gives the same run, bit for bit; other seeds "
        "show how much of a difference is chance."
    ),
    "data.normalise": (
        "zscore brings every input to mean 0 and standard deviation 1. Without it the first loss is far above ln "
        "K, and an eta that fits one input is wrong for another."
    ),
}
