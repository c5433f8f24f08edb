"""What the arguments and the tensors of a student's code stand for, told from their names.

Names are compared without case and underscores. A role is what the course calls the thing: X, Y, W, b, lambda ...
"""

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from .tongues import bare, english

PART = (
    r"(\d+|s|list|mat|matrix|vec|h|o|i|hidden|hid|output|out|input|in|first|second|third|l|l\d|layer\d?|h\d|"
    r"[xh][hxyo]?|[yifocgauzrn][hxz]?|[qkv]|ya|aa|[hio][hio])?"
)
BATCH = r"(batch|train|tr|b|s|in|0|new|small|val|data|dev|mini|minibatch|sub|subset|arr|n)?"


class Role(Enum):
    """What an argument stands for."""

    X = "the inputs"
    LABELS = "the labels"
    P = "the probabilities"
    W = "weights"
    B = "biases"
    GAMMA = "scales of batch normalisation"
    BETA = "shifts of batch normalisation"
    NETWORK = "all parameters"
    LAMBDA = "lambda"
    AVERAGE = "running statistics"
    ON = "a flag that is on while training"
    OFF = "a flag that is off while training"
    MODE = "a mode"
    KEEP = "the part dropout keeps"
    DROP = "the part dropout drops"
    SEED = "a seed"
    RNG = "a random generator"
    ETA = "a learning rate"
    STEP = "a step"
    GIVEN = "what the layer above hands back"
    OTHER = "something forward computes"


PATTERNS: tuple[tuple[Role, str], ...] = (
    (
        Role.LAMBDA,
        r"(the)?(lamb?d?d?a?|l1|l1reg|l1penalty|lmb?da|lmd|lmbd|lambda\w{0,5}|lamda\w{0,5}|l2|l2reg|l2lambda|regl2|reg|regul\w*|regular\w*|"
        r"reglam\w*|reg(strength|param|term|coeff?|rate|factor|constant|weight)|weightdecay|wdecay|decay|wd|λ|penalty(factor|term|weight|coeff?|param(eter)?|strength)?|"
        r"lamreg|l2penalty|weightpenalty|l2strength)",
    ),
    (
        Role.AVERAGE,
        r"(mus?|means?|vars?|v|vs|variances?)(av|avg|average|run|running|ema|mov|moving|hat|est)s?|"
        r"(av|avg|average|run|running|ema|mov|moving)(mus?|means?|vars?|v|vs|variances?|stats?)|bnstats",
    ),
    (
        Role.ON,
        r"(use|do|with|apply|is|has)?(bn|batchnorm|batchnormali[sz]ation)(flag|on)?|"
        r"(is|in)?train(ing)?(mode|flag|phase|time)?|istraining|bnflag",
    ),
    (
        Role.OFF,
        r"(use)?(av|avg|averages?|runningstats|running|ema|moving)|(is|in)?(test|testing|eval|inference|predict)"
        r"(ing)?(time|mode|flag|phase)?|verbose|debug|usedropout|dodropout|plot|print|useaverages?",
    ),
    (Role.MODE, r"mode|phase"),
    (Role.KEEP, r"keep(prob|rate|p)?|pkeep|dropoutkeep\w*"),
    (Role.DROP, r"p?drop(out)?(prob|rate|p|ratio)?|dropp"),
    (Role.SEED, r"(random|rng|np)?seed|randomstate"),
    (Role.RNG, r"rng|generator|rs|prng"),
    (Role.ETA, r"eta|lr|learningrate|stepsize|alpha|learnrate|rate"),
    (Role.STEP, r"eps(ilon)?|delta|dh"),
    (
        Role.GIVEN,
        r"dout|dy|dldz|dldy|dlda|grad(output|out|s|ient|ients|in|input|y|z)?|g|upstream(grad)?|error|err|"
        r"outputs?gradients?|outgrad|gradient(s|out|output)?|accumgrad|deltas?|douts?|dz|da|dh|dnext|gout|gradz|djdy|djdz|"
        r"dldout|dlout|d(scores?|logits?|probs?|preds?)|gradnext|topdiff|dvalues|dx|douty|incoming(grad)?|outgradient",
    ),
    (Role.B, r"th0|beta0|intercept|offset"),
    (
        Role.W,
        rf"th|(w|weights?|ws|wts|theta\d|kernels?|filters?|fs|f){PART}|w\d+|fsflat|wmatrix|weightmatri(x|ces)|"
        r"(w|weights?|f|filters?|kernels?)(conv|fc|dense)\d*|(conv|fc|dense)\d*(w|weights?|f|filters?|kernels?)",
    ),
    (Role.GAMMA, r"gammas?\d*|scales?\d*|gammalist"),
    (Role.BETA, r"betas?\d*|shifts?\d*|betalist"),
    (Role.B, rf"(b|bias|biases|bs|bvec){PART}|biasvector|(b|bias)(conv|fc|dense|f)\d*|(conv|fc|dense)\d*(b|bias)"),
    (
        Role.NETWORK,
        r"(network|net|(conv)?net|[a-z]{0,3}nn|lstm|gru|mlp|model|state|classifier|autoencoder|netz(werk)?|n.tverk|modell|"
        r"r.seau|red|rete)(work|s)?(params?|parameters?|weights|dict)?|"
        r"params?(rn|nn|vec|vector|flat|unrolled)?|parameters?|theta|thetas|layers|learnables?|trainables?|weightsandbiases|wb|netparams?|paramdict|pars",
    ),
    (
        Role.X,
        rf"(m?x|xs|x(mat|matrix|data|input|arr|array|set|cols|rows)|inputs?|inp|data|images?|imgs?|features?|samples?|examples?|x{BATCH}|{BATCH}x|databatch|"
        rf"(batch|train|input)(data|images?|inputs?|features?|examples?)?|xtilde|xnorm|xx|trainingdata|tokens|(token|word)ids|obs|observations|mx{BATCH})",
    ),
    (
        Role.LABELS,
        rf"(y|ys|y{BATCH}|(y|outputs?)(labels?|targets?)|{BATCH}y|(true|train|batch|gt|target|class|int)?labels?({BATCH}|onehot|s)|targ(et)?s?|t|ts|ytrue|truth|"
        r"groundtruth|gt|yy|classes|onehot(s|y|labels?|encoded|encoding|targets?)?|y(one)?hot\w*|ylabels?|yenc|ytruth|"
        r"(train(ing)?|target|true|expected|desired|real|correct)(outputs?|out|values?|results?)|"
        r"targetbatch|actions|yint|yidx|truey|correct(labels)?|actual|expected|desired|ground|yonehotbatch|ygt|yreal)",
    ),
    (
        Role.P,
        r"(p|ps|probs?|probabilit(y|ies)|yhats?|ypreds?|preds?|predictions?|predicted|softmax(out|outputs?)?|phat|"
        r"pbatch|yprobs?|probas?|ps?out|outputs?|out|o|predprobs?|psoftmax|classprobs?|yhatbatch)",
    ),
)


@cache
def plain(name: str) -> str:
    """A name without case and underscores, in English."""
    return "".join(words_of(name))


ENDINGS = {"naive", "fast", "alt", "vectorized", "vectorised", "loop", "loops", "strides", "reshape", "im", "col", "2"}


def without_ending(name: str) -> str:
    """The same without words that say how: conv_forward of conv_forward_naive and of conv_forward_im2col."""
    return "".join(word for word in words_of(name) if word not in ENDINGS)


def words_of(name: str) -> list[str]:
    """The words of a name, in English, and its numbers: compute, grads, 2 of ComputeGrads2."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z]+", bare(name))
    return [english(word.lower()) for word in words]


@cache
def role(name: str) -> Role:
    """What an argument of this name stands for."""
    low = plain(name)
    if name == "B":
        return Role.B
    if name in ("V", "U"):
        return Role.W
    if name in ("bV", "bU", "bW"):
        return Role.B
    shorter = re.sub(r"(mini)?batch|train(ing)?", "", low)  # y_true_batch
    bare = re.sub(r"(lists?|vectors?|vec|arrays?|matrix|mat)$", "", low)  # inputs_list
    found = (role for text in (low, shorter, bare) for role, pattern in PATTERNS if re.fullmatch(pattern, text))
    return next(found, Role.OTHER)


def one_hot_first(name: str) -> bool:
    """Would an argument of this name rather hold one-hot rows than integers? DD2424 writes Y and y for them."""
    low = plain(name)
    if "hot" in low or low in ("t", "targets", "target"):
        return True
    return "Y" in name


def is_flag(parameter: inspect.Parameter) -> bool:
    """Is its default True or False?"""
    return isinstance(parameter.default, bool)


def is_state(name: str) -> bool:
    """Is it the state that a recurrent layer starts from: h0, prev_h, c_prev?"""
    return re.fullmatch(STATE, plain(name)) is not None


def is_kernel(name: str) -> bool:
    """Is it what kernels of a convolution are called, as no weights of a dense layer are: F1, W_conv1, filters?"""
    return re.fullmatch(KERNEL, plain(name)) is not None


KERNEL = r"(w|weights?)(conv|k|f)s?\d*|(conv|k|f)\d*w(eights?)?\d*|(w|conv\d*)?(filters?|kernels?)\d*|[fk]\d+|fs?"
STATE = (
    r"[hcas]0|(h|c|a|s|hidden|cell|state)(state)?(prev|init|old|last)|"
    r"(prev|previous|initial|init|last|old)(h|c|a|s|hidden|cell|state)(state)?"
)


# Tensors: which letter, of which layer


@dataclass(frozen=True)
class TensorName:
    """A tensor by its name: letter W, b, gamma, beta or "" (none of them), and its number, if it has one."""

    letter: str
    number: int | None


@cache
def tensor(name: str) -> TensorName:
    """dW1, grad_W[0], W1_grad, gW1, grads["W"][0], layers[0].dW: the letter and the number of them."""
    numbers = re.findall(r"\d+", name)
    parts = [part for part in re.split(r"[\[\].'\"/]+", name) if part and not part.isdigit()]
    for part in reversed(parts):
        if letter := _letter(part):
            return TensorName(letter, int(numbers[-1]) if numbers else None)
    return TensorName("", int(numbers[-1]) if numbers else None)


def key_letter(word: str) -> str:
    """The letter a key stands for as it is written: W1 for W, gammas for gamma, "" for dW."""
    return _bare_letter(re.sub(r"\d+$", "", plain(word)))


def _letter(word: str) -> str:
    """The letter in a word, with what says 'gradient' taken off."""
    bare = re.sub(r"\d+$", "", plain(word))
    return next((letter for text in (bare, *stripped(bare)) if (letter := _bare_letter(text))), "")


def _bare_letter(text: str) -> str:
    return next((letter for letter, pattern in LETTERS.items() if re.fullmatch(pattern, text)), "")


LETTERS = {
    "x": r"x[a-z]?|inputs?|in|data|xbatch",
    "W": r"w[a-z]?|w([xh][hxyo]|[yifocgauz][hxz]|ya|aa|[hio][hio])|"
    r"ws|weights?|wts|fs?|filters?|kernels?|fsflat|w(hidden|out|output|in|input)|theta|"
    r"syn(aptic)?(weights)?|(w|weights?)(conv|fc|dense)|(conv|fc|dense)\d*(w|weights?|filters?|kernels?)",
    "b": r"b[xyhioacfgu]{0,2}|bs|bias(es)?|b(hidden|out|output|in|input)|b(ias)?(conv|fc|dense)|"
    r"(conv|fc|dense)\d*b(ias)?",
    "gamma": r"gammas?|scales?",
    "beta": r"betas?|shifts?",
}


def stripped(low: str) -> list[str]:
    """A word without what says 'gradient' in it, in the ways in which that can be read: w1 of dw1."""
    before = r"^(gradients?|grads?|nabla|deltas?|d(j|l|e|err|error|loss|cost)d|dj|dl|dloss|d|g|j|del|gr|partial|dl2d)"
    after = r"(gradients?|grads?|derivs?|grd|g)$"
    found = [re.sub(before, "", low), re.sub(after, "", low), re.sub(after, "", re.sub(before, "", low))]
    again = re.sub(before, "", found[0])  # gradd of grad_dW
    return [text for text in (*found, again) if text and text != low]


def slots_of(params: Iterable[str]) -> list[dict[str, Any]]:
    """Names of a layer's tensors with the letters they stand for."""
    return [{"name": name, "letter": key_letter(name), "layer": 0, "turned": False} for name in params]
