"""In which words; a program may write its own under the same names."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "milestone_due": {
        "subject": {
            "en": "How is your mentoring going? {program}",
            "es": "¿Cómo va su mentoría? {program}",
            "fr": "Comment va votre mentorat ? {program}",
        },
        "body": {
            "en": "Hello {person}, please tell us by {due} how it is going with {others} in "
            "{program}. One tap is enough.\n{answer}\nOr tell more on your page: {link}\n"
            "Have you met lately? One tap logs it:\n{met}",
            "es": "Hola {person}, díganos antes del {due} cómo va con {others} en {program}. "
            "Basta con un toque.\n{answer}\nO cuente más en su página: {link}\n"
            "¿Se han reunido hace poco? Con un toque queda anotado:\n{met}",
            "fr": "Bonjour {person}, dites-nous avant le {due} comment cela va avec {others} dans "
            "{program}. Un geste suffit.\n{answer}\nOu dites-en plus sur votre page : {link}\n"
            "Vous êtes-vous vus récemment ? Un geste suffit pour le noter :\n{met}",
        },
    },
    "milestone_due_full": {
        "subject": {
            "en": "How is your mentoring going, and what would help? {program}",
            "es": "¿Cómo va su mentoría, y qué ayudaría? {program}",
            "fr": "Comment va votre mentorat, et qu'est-ce qui aiderait ? {program}",
        },
        "body": {
            "en": "Hello {person}, we would like to hear by {due} how it is going with {others} in "
            "{program}, and what we can do to help. It takes a few minutes.\n{link}\n"
            "Have you met lately? One tap logs it:\n{met}",
            "es": "Hola {person}, nos gustaría saber antes del {due} cómo va con {others} en "
            "{program}, y en qué podemos ayudar. Son unos minutos.\n{link}\n"
            "¿Se han reunido hace poco? Con un toque queda anotado:\n{met}",
            "fr": "Bonjour {person}, nous aimerions savoir avant le {due} comment cela va avec "
            "{others} dans {program}, et comment vous aider. Quelques minutes suffisent.\n{link}\n"
            "Vous êtes-vous vus récemment ? Un geste suffit pour le noter :\n{met}",
        },
    },
    "milestones_due_staff": {
        "subject": {
            "en": "Check-ins have opened: {program}",
            "es": "Se han abierto seguimientos: {program}",
            "fr": "Des bilans sont ouverts : {program}",
        },
        "body": {
            "en": "Hello {person}, it is time to look at these in {program}, and to note what you "
            "see:\n{text}\n{link}",
            "es": "Hola {person}, es hora de mirar estas relaciones en {program} y de anotar lo "
            "que ve:\n{text}\n{link}",
            "fr": "Bonjour {person}, il est temps de regarder ces relations dans {program} et de "
            "noter ce que vous voyez :\n{text}\n{link}",
        },
    },
    "answer_reminder": {
        "subject": {
            "en": "Your answer is still awaited: {program}",
            "es": "Aún esperamos su respuesta: {program}",
            "fr": "Nous attendons encore votre réponse : {program}",
        },
        "body": {
            "en": "Hello {person}, do you say yes to mentoring with {others} in {program}? A no is "
            "fine too. Please answer by {due}; after that the place goes to somebody else.\n"
            "{answer}\nMore on your page: {link}",
            "es": "Hola {person}, ¿dice que sí a la mentoría con {others} en {program}? Un no "
            "también está bien. Responda antes del {due}; después el lugar pasa a otra persona.\n"
            "{answer}\nMás en su página: {link}",
            "fr": "Bonjour {person}, dites-vous oui au mentorat avec {others} dans {program} ? Un "
            "non convient aussi. Répondez avant le {due} ; ensuite la place va à quelqu'un "
            "d'autre.\n{answer}\nEn savoir plus sur votre page : {link}",
        },
    },
    "answer_reminder_staff": {
        "subject": {
            "en": "Your answer, as staff, is still awaited: {program}",
            "es": "Aún esperamos su respuesta, como equipo: {program}",
            "fr": "Nous attendons encore votre réponse, en tant qu'équipe : {program}",
        },
        "body": {
            "en": "Hello {person}, do you say yes, as staff of {program}, to mentoring between "
            "{mentee} and {mentor}? Please answer by {due}; after that the offer is over.\n{link}",
            "es": "Hola {person}, ¿da su sí, como equipo de {program}, a la mentoría entre "
            "{mentee} y {mentor}? Responda antes del {due}; después la propuesta termina.\n{link}",
            "fr": "Bonjour {person}, acceptez-vous, en tant qu'équipe de {program}, le mentorat "
            "entre {mentee} et {mentor} ? Répondez avant le {due} ; ensuite la proposition prend "
            "fin.\n{link}",
        },
    },
    "reply_reminder": {
        "subject": {
            "en": "A question still waits for your reply: {program}",
            "es": "Una pregunta espera aún su respuesta: {program}",
            "fr": "Une question attend encore votre réponse : {program}",
        },
        "body": {
            "en": "Hello {person}, you were asked something before your mentoring with {others} in "
            "{program} begins. Please reply by {due}.\n{link}",
            "es": "Hola {person}, le han preguntado algo antes de que empiece su mentoría con "
            "{others} en {program}. Responda antes del {due}.\n{link}",
            "fr": "Bonjour {person}, on vous a posé une question avant que ne commence votre "
            "mentorat avec {others} dans {program}. Répondez avant le {due}.\n{link}",
        },
    },
    "first_meeting": {
        "subject": {
            "en": "Have you met? {program}",
            "es": "¿Ya se han reunido? {program}",
            "fr": "Vous êtes-vous vus ? {program}",
        },
        "body": {
            "en": "Hello {person}, you and {others} are connected in {program}, and no meeting is "
            "noted yet. Half an hour is enough for a first one: agree on a day.\n{link}\n"
            "Have you met already? One tap logs it:\n{met}",
            "es": "Hola {person}, usted y {others} están en contacto en {program} y aún no hay "
            "ninguna reunión anotada. Media hora basta para la primera: acuerden un día.\n{link}\n"
            "¿Ya se han reunido? Con un toque queda anotado:\n{met}",
            "fr": "Bonjour {person}, vous êtes en contact avec {others} dans {program}, et aucune "
            "rencontre n'est encore notée. Une demi-heure suffit pour commencer : fixez un jour.\n"
            "{link}\n"
            "Vous êtes-vous déjà vus ? Un geste suffit pour le noter :\n{met}",
        },
    },
    "thanks": {
        "subject": {
            "en": "Thank you: {program}",
            "es": "Gracias: {program}",
            "fr": "Merci : {program}",
        },
        "body": {
            "en": "Hello {person}, thank you for looking back on your mentoring with {others} in "
            "{program}. This is what you have done so far:\n{text}\nKeep it up.\n{link}",
            "es": "Hola {person}, gracias por hacer balance de su mentoría con {others} en "
            "{program}. Esto es lo que han hecho hasta ahora:\n{text}\nSigan así.\n{link}",
            "fr": "Bonjour {person}, merci d'avoir fait le point sur votre mentorat avec {others} "
            "dans {program}. Voici ce que vous avez fait jusqu'ici :\n{text}\nContinuez ainsi.\n"
            "{link}",
        },
    },
    "half_way": {
        "subject": {
            "en": "You have come half way: {program}",
            "es": "Han llegado a la mitad: {program}",
            "fr": "Vous êtes à mi-chemin : {program}",
        },
        "body": {
            "en": "Hello {person}, you and {others} have come half way in {program}. Well done, "
            "and thank you for your time.\n{text}\nWhat would you like to reach in the second "
            "half? Tell each other when you next meet.\n{link}",
            "es": "Hola {person}, usted y {others} han llegado a la mitad en {program}. "
            "Enhorabuena, y gracias por su tiempo.\n{text}\n¿Qué les gustaría lograr en la "
            "segunda mitad? Háblenlo en la próxima reunión.\n{link}",
            "fr": "Bonjour {person}, {others} et vous êtes à mi-chemin dans {program}. Bravo, et "
            "merci pour votre temps.\n{text}\nQue voulez-vous atteindre dans la seconde moitié ? "
            "Parlez-en à votre prochaine rencontre.\n{link}",
        },
    },
    "come_to_the_end": {
        "subject": {
            "en": "You have come the whole way: {program}",
            "es": "Han recorrido todo el camino: {program}",
            "fr": "Vous avez fait tout le chemin : {program}",
        },
        "body": {
            "en": "Hello {person}, you and {others} have come the whole way in {program}. Well "
            "done, and thank you for the time that you have given each other.\n{text}\n{link}",
            "es": "Hola {person}, usted y {others} han recorrido todo el camino en {program}. "
            "Enhorabuena, y gracias por el tiempo que se han dedicado.\n{text}\n{link}",
            "fr": "Bonjour {person}, {others} et vous avez fait tout le chemin dans {program}. "
            "Bravo, et merci pour le temps que vous vous êtes consacré.\n{text}\n{link}",
        },
    },
    "profile_open": {
        "subject": {
            "en": "One step is left before you begin: {program}",
            "es": "Falta un paso antes de empezar: {program}",
            "fr": "Une étape avant de commencer : {program}",
        },
        "body": {
            "en": "Hello {person}, you would like to take part in {program}, and nobody can be "
            "found for you before you have finished your page.\n{text}\nIt takes a few minutes: "
            "{link}",
            "es": "Hola {person}, le gustaría participar en {program}, y no podemos encontrarle a "
            "nadie mientras no termine su página.\n{text}\nSon unos minutos: {link}",
            "fr": "Bonjour {person}, vous souhaitez participer à {program}, et nous ne pouvons "
            "trouver personne pour vous avant que votre page soit complète.\n{text}\n"
            "Quelques minutes suffisent : {link}",
        },
    },
    "mentor_silent": {
        "subject": {
            "en": "Are you still there? {program}",
            "es": "¿Sigue ahí? {program}",
            "fr": "Êtes-vous toujours là ? {program}",
        },
        "body": {
            "en": "Hello {person}, {others} counts on you in {program}, and we have not heard of "
            "you for some weeks. Is all well? Write a word, take a break or tell us that it does "
            "not go on; each of these is fine.\n{link}\n"
            "Have you met meanwhile? One tap logs it:\n{met}",
            "es": "Hola {person}, {others} cuenta con usted en {program}, y hace unas semanas que "
            "no sabemos nada de usted. ¿Va todo bien? Escriba unas palabras, haga una pausa o "
            "díganos que no sigue; todo está bien.\n{link}\n"
            "¿Se han reunido entretanto? Con un toque queda anotado:\n{met}",
            "fr": "Bonjour {person}, {others} compte sur vous dans {program}, et nous sommes sans "
            "nouvelles de vous depuis quelques semaines. Tout va bien ? Écrivez un mot, faites une "
            "pause ou dites-nous que cela s'arrête ; tout est permis.\n{link}\n"
            "Vous êtes-vous vus entre-temps ? Un geste suffit pour le noter :\n{met}",
        },
    },
    "mentor_silent_staff": {
        "subject": {
            "en": "A mentor seems to be away: {program}",
            "es": "Una persona mentora parece ausente: {program}",
            "fr": "Un mentor semble absent : {program}",
        },
        "body": {
            "en": "Hello {person}, {mentor} has neither met {mentee} nor answered anything in "
            "{program} for some weeks, and seems to be away. Call first. If they do not come back, "
            "find another mentor for {mentee} on this page:\n{link}",
            "es": "Hola {person}, {mentor} no se ha reunido con {mentee} ni ha respondido a nada "
            "en {program} desde hace unas semanas, y parece ausente. Llame primero. Si no vuelve, "
            "busque otra persona mentora para {mentee} en esta página:\n{link}",
            "fr": "Bonjour {person}, {mentor} n'a ni rencontré {mentee} ni répondu dans {program} "
            "depuis quelques semaines, et semble absent. Appelez d'abord. Sans retour, "
            "cherchez un autre mentor pour {mentee} sur cette page :\n{link}",
        },
    },
    "too_few_hours": {
        "subject": {
            "en": "A little more time together: {program}",
            "es": "Un poco más de tiempo en común: {program}",
            "fr": "Un peu plus de temps ensemble : {program}",
        },
        "body": {
            "en": "Hello {person}, it is good that you and {others} have met. In {program} a "
            "little more time is hoped for:\n{text}\nCould you agree on a day or two more?\n"
            "{link}\nWas there a meeting that is not noted? One tap logs it:\n{met}",
            "es": "Hola {person}, qué bien que usted y {others} se hayan reunido. En {program} se "
            "espera algo más de tiempo:\n{text}\n¿Podrían acordar uno o dos días más?\n{link}\n"
            "¿Hubo una reunión que no está anotada? Con un toque queda anotada:\n{met}",
            "fr": "Bonjour {person}, c'est bien que vous ayez rencontré {others}. Dans {program}, "
            "on espère un peu plus de temps :\n{text}\nPourriez-vous fixer un ou deux jours de "
            "plus ?\n{link}\n"
            "Une rencontre n'a pas été notée ? Un geste suffit pour le faire :\n{met}",
        },
    },
    "gone_quiet": {
        "subject": {
            "en": "When do you meet again? {program}",
            "es": "¿Cuándo se reúnen de nuevo? {program}",
            "fr": "Quand vous revoyez-vous ? {program}",
        },
        "body": {
            "en": "Hello {person}, it is some weeks since a meeting with {others} was noted in "
            "{program}. Agree on the next day, or tell us if something is in the way.\n{link}\n"
            "Have you met meanwhile? One tap logs it:\n{met}",
            "es": "Hola {person}, hace unas semanas que no se anota ninguna reunión con {others} "
            "en {program}. Acuerden el próximo día, o díganos si algo lo impide.\n{link}\n"
            "¿Se han reunido entretanto? Con un toque queda anotado:\n{met}",
            "fr": "Bonjour {person}, aucune rencontre avec {others} dans {program} n'est notée "
            "depuis quelques semaines. Fixez la prochaine, ou dites-nous ce qui gêne.\n{link}\n"
            "Vous êtes-vous vus entre-temps ? Un geste suffit pour le noter :\n{met}",
        },
    },
}
