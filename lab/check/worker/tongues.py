"""Names in other languages than English: the words of the course in Spanish, Portuguese, French, German, Polish and
Swedish, without their accents, and what they are in English. Words that are English, too, must not stand here."""

import re
import unicodedata
from functools import cache

WORDS = {
    "forward": "adelante|adiante|frente|avant|(vorwa?e?rts|framat)(prop\\w*|pass)?|naprzod|wprzod",
    "backward": "atras|tras|arriere|ru?e?ckwa?e?rts|wstecz|bakat",
    "backprop": "(retro|bak(at)?|ru?e?ckwa?e?rts)prop\\w*",
    "gradient": "gradient(e|es|en|er|y)|derivad[ao]s?|derivees?|ableitung(en)?|pochodn\\w+|derivat(a|or)",
    "weight": "peso|poid|gewicht|waga|vikt",
    "weights": "pesos|poids|gewichten?|wagi|vikter(na)?",
    "bias": "sesgo|vies|biais|umbral|obciazeni[ea]|schwelle",
    "biases": "sesgos|vieses|umbrales|schwellen(werte)?",
    "input": "entradas?|entrees?|eingaben?|eingang|wejsci\\w+|indata",
    "output": "salidas?|saidas?|sorties?|ausgaben?|ausgang|wyjsci\\w+|utdata",
    "hidden": "ocult[ao]s?|escondid[ao]s?|cachees?|verdeckte?n?|versteckte?n?|ukryt\\w+|dolda?|gomda?",
    "labels": "etiquetas?|rotulos?|etiquettes?|zielwerte?|etykiet\\w+|etikett(en|er)?|facit",
    "targets": "objetivos?|alvos?|esperad[ao]s?|cibles?|attendue?s?|oczekiwan\\w+",
    "predictions": "prediccion(es)?|predicao|predicoes|vorhersagen?|predykcj\\w+|prediktion(er)?",
    "list": "lista|liste",
    "target": "ziel|cel|mal",
    "predict": "predecir|prever|predire|vorhersagen|przewiduj|przewidz|forutsag",
    "probabilities": "probabilidade?s?|probabilites?|wahrscheinlichkeit(en)?|prawdopodobienst\\w+|sannolikhet(er)?",
    "cost": "custo|couts?|kosten|koszt\\w*|kostnad(en)?",
    "loss": "perdidas?|perdas?|pertes?|verluste?|strat[ay]|forlust(en)?",
    "cache": "memoria|memoire|pamiec|minne",
    "layer": "capa|camada|couche|schicht|warstwa",
    "layers": "capas|camadas|couches|schichten|warstwy",
    "classes": "clases|klassen|klasser|klas[ay]?",
    "parameters": "parametr(os|es|y|ow|ar|arna)|parametern",
    "network": "rede|siec|natverk(et)?",
    "data": "datos|dados|donnees|daten|dane",
    "examples": "ejemplos|muestras|exemplos|amostras|exemples|beispiele|przyklad\\w+|exempel",
    "n": "anzahl|liczba|antal",
    "size": "tam|tamano|tamanho|taille|gro?e?sse|rozmiar|storlek(en)?",
    "sizes": "tamanos|tamanhos|tailles|gro?e?ssen|rozmiary|storlekar(na)?",
    "init": "inici(ar|alizar|alizacion|alizacao)|initialiser|initialisieren|inicjalizuj|initiera",
    "train": "entrenar?|entrenamiento|treinar?|entrainer|trainieren?|trenuj|trana",
    "rate": "tasa|taxa|taux",
    "learning": "aprendizaje|aprendizado|apprentissage|inlarning",
    "learningrate": "lernrate|lernschritt|inlarningstakt|larhastighet",
    "learn": "aprender|apprendre|lernen?|ucz|lara",
    "fit": "ajustar|ajuster|anpassen|dopasuj|anpassa",
    "step": "paso|passo|schritt|krok|steg",
    "query": "consultar|abfragen?|befragen|zapytaj|fraga",
    "accuracy": "exactitud|acuracia|genauigkeit|dokladnosc|noggrannhet",
    "compute": "calcular|calculer|berechnen?|oblicz|berakna",
    "seed": "semilla|semente|graine|ziarno",
}
LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "Ł": "L", "Ø": "O"})


def bare(name: str) -> str:
    """A name without accents."""
    if name.isascii():
        return name
    parts = unicodedata.normalize("NFKD", name.translate(LETTERS))
    return "".join(c for c in parts if not unicodedata.combining(c))


@cache
def english(word: str) -> str:
    """A word, in small letters and without accents, in English if it is one of those."""
    return next((known for known, pattern in WORDS.items() if re.fullmatch(pattern, word)), word)
