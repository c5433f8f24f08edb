"""Names in other languages are read as the English ones."""

import pytest

from lab.check.worker.roles import Role, key_letter, plain, role
from tests.lab.check.test_recognise import checks

NETWORK = """
def {forward}(X, {params}):
    {hidden} = np.maximum(X @ {params}["{W}1"] + {params}["{b}1"], 0)
    E = np.exp({hidden} @ {params}["{W}2"] + {params}["{b}2"])
    return E / E.sum(axis=1, keepdims=True), {hidden}


def {cost}(X, {labels}, {params}, lambd):
    P, _ = {forward}(X, {params})
    squares = sum(({params}[k] ** 2).sum() for k in ("{W}1", "{W}2"))
    return -np.log(P[np.arange(len(X)), {labels}]).mean() + lambd * squares


def {backward}(X, {labels}, {probabilities}, {hidden}, {params}, lambd):
    G, {gradients} = {probabilities}.copy(), {}
    G[np.arange(len(X)), {labels}] -= 1
    G /= len(X)
    {gradients}["{W}2"] = {hidden}.T @ G + 2 * lambd * {params}["{W}2"]
    {gradients}["{b}2"] = G.sum(axis=0)
    G = G @ {params}["{W}2"].T * ({hidden} > 0)
    {gradients}["{W}1"] = X.T @ G + 2 * lambd * {params}["{W}1"]
    {gradients}["{b}1"] = G.sum(axis=0)
    return {gradients}
"""
KEYS = ("forward", "backward", "cost", "params", "labels", "probabilities", "gradients", "hidden", "W", "b")
TONGUES = {
    "Spanish": "propagar_adelante propagar_atrás calcular_costo parametros etiquetas probabilidades gradientes "
    "capa_oculta peso sesgo",
    "Portuguese": "propagacao_frente retropropagacao calcular_custo parametros rotulos probabilidades gradientes "
    "oculta peso vies",
    "French": "propagation_avant retropropagation calculer_cout parametres etiquettes sorties gradients cachee poids "
    "biais",
    "German": "vorwärts rückwärts berechne_verlust parameter etiketten ausgabe gradienten versteckt gewicht bias",
    "Polish": "propagacja_wprzod propagacja_wstecz oblicz_koszt parametry etykiety wyjscie gradienty ukryta W b",
    "Swedish": "framåt bakåtpropagera beräkna_kostnad parametrar etiketter utdata gradienter dold vikt bias",
}


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_network_is_checked_in_any_of_these_languages(tongue, tmp_path):
    text = NETWORK
    for key, word in zip(KEYS, TONGUES[tongue].split(), strict=True):
        text = text.replace(f"{{{key}}}", word)
    (report,) = checks(text, tmp_path).values()
    assert report.passed, report.problem or report.report.as_dict()


def test_words_of_names_are_told_apart_by_underscores_and_capitals():
    assert plain("retropropagación") == "backprop"
    assert plain("PropagarAtras") == "propagarbackward"
    assert plain("n_oculta") == "nhidden"
    assert plain("ComputeGradients_fast") == "computegradientsfast"
    assert role("salida_esperada") is role("y_esperada") is Role.LABELS
    assert (key_letter("Gewichte2"), key_letter("sesgos")) == ("W", "b")
