"""The shipped scripts: to choose and ask mentors, and to write the first message of a pair."""

from __future__ import annotations

from mentorkit_guide.script import Choice, ChoicesOf, Step, Words, WordsOf

STEPS = (
    Step(step="begin", kind="tell"),
    Step(step="mentors", kind="pick", needed=True),
    Step(step="doing", kind="words", needed=True),
    Step(step="aim", kind="words", needed=True),
    Step(step="ask", kind="words"),
    Step(step="introduction", kind="draft", needed=True, longest=2000),
    Step(step="send", kind="send"),
    Step(step="hello", kind="tell", use="meet"),
    Step(step="topic", kind="words", use="meet", needed=True),
    Step(step="how", kind="option", use="meet"),
    Step(step="when", kind="times", use="meet"),
    Step(step="message", kind="draft", use="meet", needed=True, longest=1000),
    Step(step="carry", kind="send", use="meet"),
)

WORDS: WordsOf = {
    "begin": {
        "en": Words(
            title="Find a mentor, step by step",
            text="You choose up to {most} mentors, answer a few short questions, and we make your "
            "introduction of the answers. You can change every word of it. All is kept at each "
            "step, so you can stop and go on later. Nobody reads anything before you send it.",
        ),
        "es": Words(
            title="Encontrar mentoría, paso a paso",
            text="Usted elige hasta {most} personas, responde unas preguntas cortas, y con las "
            "respuestas preparamos su presentación. Puede cambiar cada palabra. Todo se guarda en "
            "cada paso: puede parar y seguir después. Nadie lee nada antes de que lo envíe.",
        ),
        "fr": Words(
            title="Trouver un mentor, pas à pas",
            text="Vous choisissez jusqu'à {most} mentors, répondez à quelques questions courtes, "
            "et nous en faisons votre présentation. Vous pouvez en changer chaque mot. Tout est "
            "gardé à chaque étape : vous pouvez arrêter et continuer plus tard. Personne ne lit "
            "rien avant l'envoi.",
        ),
    },
    "mentors": {
        "en": Words(
            title="Whom would you like to ask?",
            text="Choose up to {most}. Your first choice is asked first; if it comes to nothing, "
            "the next is asked.",
        ),
        "es": Words(
            title="¿A quién le gustaría preguntar?",
            text="Elija hasta {most}. Primero preguntamos a su primera opción; si no resulta, a la "
            "siguiente.",
        ),
        "fr": Words(
            title="À qui souhaitez-vous demander ?",
            text="Choisissez-en jusqu'à {most}. Votre premier choix est sollicité d'abord ; si "
            "cela ne se fait pas, le suivant.",
        ),
    },
    "doing": {
        "en": Words(
            title="What do you do?",
            text="One or two sentences are enough, such as: I sew school uniforms, with two "
            "helpers.",
            says="{answer}",
        ),
        "es": Words(
            title="¿A qué se dedica?",
            text="Bastan una o dos frases, como: Coso uniformes escolares, con dos ayudantes.",
            says="{answer}",
        ),
        "fr": Words(
            title="Que faites-vous ?",
            text="Une ou deux phrases suffisent, par exemple : Je couds des uniformes scolaires, "
            "avec deux aides.",
            says="{answer}",
        ),
    },
    "aim": {
        "en": Words(
            title="What would you like to reach?",
            text="Such as: I want to sell to two more schools this year.",
            says="{answer}",
        ),
        "es": Words(
            title="¿Qué le gustaría lograr?",
            text="Por ejemplo: Quiero vender a dos escuelas más este año.",
            says="{answer}",
        ),
        "fr": Words(
            title="Que souhaitez-vous atteindre ?",
            text="Par exemple : Je veux vendre à deux écoles de plus cette année.",
            says="{answer}",
        ),
    },
    "ask": {
        "en": Words(
            title="What would you like to ask a mentor first?",
            text="Such as: How did you find your first big customer?",
            says="I would like to ask you first: {answer}",
        ),
        "es": Words(
            title="¿Qué le gustaría preguntar primero?",
            text="Por ejemplo: ¿Cómo encontró a su primer cliente grande?",
            says="Me gustaría preguntarle primero: {answer}",
        ),
        "fr": Words(
            title="Que souhaitez-vous demander d'abord ?",
            text="Par exemple : Comment avez-vous trouvé votre premier grand client ?",
            says="Je souhaite d'abord vous demander : {answer}",
        ),
    },
    "introduction": {
        "en": Words(
            title="Your introduction",
            text="This is made of your answers. Change what you like. All whom you ask read the "
            "same, so name nobody in it.",
            says="Hello, my name is {person}. {parts} Thank you for reading this.",
        ),
        "es": Words(
            title="Su presentación",
            text="Está hecha con sus respuestas. Cambie lo que quiera. Todas las personas a "
            "quienes pregunta leen lo mismo, así que no nombre a nadie.",
            says="Hola, me llamo {person}. {parts} Gracias por leerme.",
        ),
        "fr": Words(
            title="Votre présentation",
            text="Elle est faite de vos réponses. Changez ce que vous voulez. Tous ceux à qui vous "
            "demandez lisent la même, alors ne nommez personne.",
            says="Bonjour, je m'appelle {person}. {parts} Merci de m'avoir lu.",
        ),
    },
    "send": {
        "en": Words(
            title="Ready to send?",
            text="Look at it once more. Nobody has read anything yet.",
        ),
        "es": Words(
            title="¿Todo listo para enviar?",
            text="Mírelo una vez más. Nadie ha leído nada todavía.",
        ),
        "fr": Words(
            title="Tout est prêt ?",
            text="Relisez encore une fois. Personne n'a encore rien lu.",
        ),
    },
    "hello": {
        "en": Words(
            title="Your first message, step by step",
            text="A few short questions make a message to {others}: what to talk about, how, and "
            "when. You can change every word of it, and stop and go on later.",
        ),
        "es": Words(
            title="Su primer mensaje, paso a paso",
            text="Unas preguntas cortas forman un mensaje para {others}: de qué hablar, cómo y "
            "cuándo. Puede cambiar cada palabra, y parar y seguir después.",
        ),
        "fr": Words(
            title="Votre premier message, pas à pas",
            text="Quelques questions courtes font un message à {others} : de quoi parler, comment "
            "et quand. Vous pouvez en changer chaque mot, arrêter et continuer plus tard.",
        ),
    },
    "topic": {
        "en": Words(
            title="What would you like to talk about first?",
            text="Such as: how to set a price for what I make.",
            says="I would like us to begin with this: {answer}",
        ),
        "es": Words(
            title="¿De qué le gustaría hablar primero?",
            text="Por ejemplo: cómo poner precio a lo que hago.",
            says="Me gustaría que empecemos por esto: {answer}",
        ),
        "fr": Words(
            title="De quoi souhaitez-vous parler d'abord ?",
            text="Par exemple : comment fixer le prix de ce que je fabrique.",
            says="J'aimerais que nous commencions par ceci : {answer}",
        ),
    },
    "how": {
        "en": Words(
            title="How would you like to talk the first time?",
            says="The first time I would like to talk {answer}.",
        ),
        "es": Words(
            title="¿Cómo le gustaría hablar la primera vez?",
            says="La primera vez me gustaría hablar {answer}.",
        ),
        "fr": Words(
            title="Comment souhaitez-vous échanger la première fois ?",
            says="La première fois, j'aimerais échanger {answer}.",
        ),
    },
    "when": {
        "en": Words(
            title="When could you meet?",
            text="Half an hour is enough to begin with.",
            says="I could meet: {answer}",
        ),
        "es": Words(
            title="¿Cuándo podría reunirse?",
            text="Media hora basta para empezar.",
            says="Podría reunirme: {answer}",
        ),
        "fr": Words(
            title="Quand pourriez-vous vous voir ?",
            text="Une demi-heure suffit pour commencer.",
            says="Je serais disponible : {answer}",
        ),
    },
    "message": {
        "en": Words(
            title="Your message",
            text="This is made of your answers. Change what you like.",
            says="Hello, I am {person}, and I am glad to be in touch with you. {parts} "
            "I look forward to your answer.",
        ),
        "es": Words(
            title="Su mensaje",
            text="Está hecho con sus respuestas. Cambie lo que quiera.",
            says="Hola, soy {person}, y me alegra que estemos en contacto. {parts} "
            "Quedo a la espera de su respuesta.",
        ),
        "fr": Words(
            title="Votre message",
            text="Il est fait de vos réponses. Changez ce que vous voulez.",
            says="Bonjour, je suis {person}, et c'est un plaisir d'être en contact avec vous. "
            "{parts} J'attends votre réponse avec plaisir.",
        ),
    },
    "carry": {
        "en": Words(
            title="Ready to send?",
            text="We carry it to {others}; neither of you sees the other's address.",
        ),
        "es": Words(
            title="¿Todo listo para enviar?",
            text="Llega a {others} por medio de nosotros; nadie ve la dirección del otro.",
        ),
        "fr": Words(
            title="Tout est prêt ?",
            text="Nous le transmettons à {others} ; personne ne voit l'adresse de l'autre.",
        ),
    },
}

CHOICES: ChoicesOf = {
    "how": {
        "call": {
            "en": Choice(text="By phone", says="by phone"),
            "es": Choice(text="Por teléfono", says="por teléfono"),
            "fr": Choice(text="Par téléphone", says="par téléphone"),
        },
        "video": {
            "en": Choice(text="By video call", says="by video call"),
            "es": Choice(text="Por videollamada", says="por videollamada"),
            "fr": Choice(text="En vidéo", says="en vidéo"),
        },
        "person": {
            "en": Choice(text="In person", says="in person"),
            "es": Choice(text="En persona", says="en persona"),
            "fr": Choice(text="En personne", says="en personne"),
        },
        "writing": {
            "en": Choice(text="In writing", says="in writing"),
            "es": Choice(text="Por escrito", says="por escrito"),
            "fr": Choice(text="Par écrit", says="par écrit"),
        },
    },
}

__all__ = ["CHOICES", "STEPS", "WORDS"]
