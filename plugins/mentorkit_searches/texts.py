"""In which words; a program may write its own under the same name."""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

KIND = "new_matches"
"""What is awaited, and in the words of which template."""
TEMPLATES: Mapping[str, Mapping[str, Texts]] = {
    KIND: {
        "subject": {
            "en": "New people who may fit you: {program}",
            "es": "Personas nuevas que pueden encajar con usted: {program}",
            "fr": "De nouvelles personnes pour vous : {program}",
        },
        "body": {
            "en": "Hello {person}, somebody new in {program} fits what you look for.\n{text}\n"
            "See them and ask, if you like: {link}\n"
            "On the same page you change how often you hear of it, or stop it.",
            "es": "Hola {person}, alguien nuevo en {program} encaja con lo que busca.\n{text}\n"
            "Vea quién es y pregunte, si quiere: {link}\n"
            "En la misma página puede cambiar cada cuánto le avisamos, o dejar de recibirlo.",
            "fr": "Bonjour {person}, quelqu'un de nouveau dans {program} correspond à ce que vous "
            "cherchez.\n{text}\nVoyez qui, et demandez si vous voulez : {link}\n"
            "Sur la même page, vous changez la fréquence de ces messages, ou vous les arrêtez.",
        },
    },
}
FOUND: Mapping[str, Texts] = {
    "one": {
        "en": "{search}: one person",
        "es": "{search}: una persona",
        "fr": "{search} : une personne",
    },
    "many": {
        "en": "{search}: {count} people",
        "es": "{search}: {count} personas",
        "fr": "{search} : {count} personnes",
    },
    "more": {
        "en": "- and {count} more",
        "es": "- y {count} más",
        "fr": "- et {count} de plus",
    },
}
"""How many were found, and how many beyond those who are named."""
EVERYBODY: Texts = {
    "en": "Everybody who fits me",
    "es": "Todas las personas que encajan conmigo",
    "fr": "Toutes les personnes qui me conviennent",
}
"""What a search is called that looks for nothing in particular."""
