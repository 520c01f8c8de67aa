//! Criteria that are ready to use: three templates for review rounds, each in English, French and Spanish.
//!
//! They are formative. No criterion gives marks: a rubric says where a piece of work stands and what may follow, a
//! scale says what it was like to be its reader, and a checklist says what was found. All speak of the work, never of
//! the person.
//!
//! A criterion is worded in the language of its template, but its sentence starters are there in all three languages,
//! because reviewers of one round write in different ones.
//!
//! The three languages of a criterion stand side by side, and the number of its levels, items and starters is part of
//! its type, so that a translation can't fall behind. Texts have the typography of their language; in French that is a
//! narrow no-break space (U+202F) inside of guillemets and before `:`, `;`, `?` and `!`.

use entity::{
    enums::CriterionKind,
    review_value::{self as kept, CriterionLevel, CriterionScale, CriterionStarters},
};
use uuid::Uuid;

/// Which template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// Kind, specific and helpful feedback on any work, for those who review for the first time.
    KindSpecificHelpful,
    /// For journal entries: looking closely, taking other views, asking, comparing, and no stereotypes.
    InterculturalReflection,
    /// For posters, videos and presentations.
    ProductCritique,
}

impl TemplateKind {
    /// All of them, the easiest first.
    pub const ALL: [Self; 3] = [
        Self::KindSpecificHelpful,
        Self::InterculturalReflection,
        Self::ProductCritique,
    ];
}

/// A template in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Which.
    pub kind: TemplateKind,
    /// `en`, `fr` or `es`.
    pub language: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What reviewers are told.
    pub instructions: &'static str,
    /// What they are asked, in this order.
    pub criteria: Vec<Wording>,
}

/// A criterion in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording {
    /// What it asks for.
    pub kind: CriterionKind,
    /// Its name.
    pub title: &'static str,
    /// What to look at, and how.
    pub description: &'static str,
    /// Whether a review without it can't be submitted.
    pub is_required: bool,
    /// The least length of the comment to it, in characters; 0 = it may be left out.
    pub min_length: u32,
    /// The levels of a rubric, from beginning to strong; none for other kinds.
    pub levels: &'static [Level],
    /// The items of a checklist; none for other kinds.
    pub items: &'static [&'static str],
    /// The steps of a scale; none for other kinds.
    pub scale: Option<ScaleLabels>,
    /// How a comment may begin.
    pub starters: Starters,
}

/// A level of a rubric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its name.
    pub title: &'static str,
    /// What work on it looks like.
    pub description: &'static str,
}

/// The steps of a scale, and what its ends mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleLabels {
    /// The first step.
    pub min: i32,
    /// The last one.
    pub max: i32,
    /// What the first means.
    pub min_label: &'static str,
    /// What the last means.
    pub max_label: &'static str,
}

/// How a comment may begin, in English, French and Spanish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starters {
    /// In English.
    pub en: &'static [&'static str],
    /// In French.
    pub fr: &'static [&'static str],
    /// In Spanish.
    pub es: &'static [&'static str],
}

impl Wording {
    /// The criterion that it words, with this id.
    #[must_use]
    pub fn criterion(&self, id: Uuid) -> kept::Criterion {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let level = |level: &Level| CriterionLevel {
            title: level.title.to_owned(),
            description: level.description.to_owned(),
        };
        let scale = |scale: ScaleLabels| CriterionScale {
            min: scale.min,
            max: scale.max,
            min_label: scale.min_label.to_owned(),
            max_label: scale.max_label.to_owned(),
        };
        let starters = [
            ("en", self.starters.en),
            ("fr", self.starters.fr),
            ("es", self.starters.es),
        ];
        kept::Criterion {
            id,
            kind: self.kind,
            title: self.title.to_owned(),
            description: self.description.to_owned(),
            is_required: self.is_required,
            min_length: i32::try_from(self.min_length).unwrap_or(i32::MAX),
            levels: self.levels.iter().map(level).collect(),
            items: owned(self.items),
            scale: self.scale.map(scale),
            starters: starters
                .map(|(language, texts)| CriterionStarters {
                    language: language.to_owned(),
                    texts: owned(texts),
                })
                .to_vec(),
        }
    }
}

/// A template in a language, given by its tag or by one of the same primary language (`fr-CA` is served by `fr`); none
/// if it isn't one of `en`, `fr` and `es`.
#[must_use]
pub fn template(kind: TemplateKind, language: &str) -> Option<Template> {
    let language = Language::of(language)?;
    let source = match kind {
        TemplateKind::KindSpecificHelpful => &KIND_SPECIFIC_HELPFUL,
        TemplateKind::InterculturalReflection => &INTERCULTURAL_REFLECTION,
        TemplateKind::ProductCritique => &PRODUCT_CRITIQUE,
    };
    Some(Template {
        kind,
        language: language.tag(),
        title: source.title.in_language(language),
        instructions: source.instructions.in_language(language),
        criteria: source
            .criteria
            .iter()
            .map(|criterion| criterion.wording(language))
            .collect(),
    })
}

// -------------------------------------------------------------------------------------------------------------- shapes

#[derive(Clone, Copy)]
enum Language {
    English,
    French,
    Spanish,
}

impl Language {
    fn of(tag: &str) -> Option<Self> {
        match tag.split('-').next()? {
            "en" => Some(Self::English),
            "fr" => Some(Self::French),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }
}

/// The same in each language.
struct Said<T> {
    en: T,
    fr: T,
    es: T,
}

impl<T: Copy> Said<T> {
    const fn in_language(&self, language: Language) -> T {
        match language {
            Language::English => self.en,
            Language::French => self.fr,
            Language::Spanish => self.es,
        }
    }
}

/// A template in all languages.
struct Source {
    title: Said<&'static str>,
    instructions: Said<&'static str>,
    criteria: &'static [Criterion],
}

/// A criterion in all languages.
struct Criterion {
    form: Form,
    is_required: bool,
    min_length: u32,
    text: Said<Text>,
    starters: Starters,
}

#[derive(Clone, Copy)]
struct Text {
    title: &'static str,
    description: &'static str,
}

/// What belongs to one kind of criterion only.
enum Form {
    Comment,
    Rubric(Said<&'static [Level]>),
    Checklist(Said<&'static [&'static str]>),
    Scale(Said<ScaleLabels>),
}

impl Criterion {
    fn wording(&self, language: Language) -> Wording {
        let text = self.text.in_language(language);
        let plain = Wording {
            kind: CriterionKind::Comment,
            title: text.title,
            description: text.description,
            is_required: self.is_required,
            min_length: self.min_length,
            levels: &[],
            items: &[],
            scale: None,
            starters: self.starters,
        };
        match &self.form {
            Form::Comment => plain,
            Form::Rubric(levels) => Wording {
                kind: CriterionKind::Rubric,
                levels: levels.in_language(language),
                ..plain
            },
            Form::Checklist(items) => Wording {
                kind: CriterionKind::Checklist,
                items: items.in_language(language),
                ..plain
            },
            Form::Scale(labels) => Wording {
                kind: CriterionKind::Scale,
                scale: Some(labels.in_language(language)),
                ..plain
            },
        }
    }
}

// In the functions below all languages have the same `N`: one that lacks a level, an item or a starter doesn't compile.

const fn rubric<const N: usize>(levels: &'static Said<[Level; N]>) -> Form {
    Form::Rubric(Said {
        en: &levels.en,
        fr: &levels.fr,
        es: &levels.es,
    })
}

const fn checklist<const N: usize>(items: &'static Said<[&'static str; N]>) -> Form {
    Form::Checklist(Said {
        en: &items.en,
        fr: &items.fr,
        es: &items.es,
    })
}

const fn starters<const N: usize>(texts: &'static Said<[&'static str; N]>) -> Starters {
    Starters {
        en: &texts.en,
        fr: &texts.fr,
        es: &texts.es,
    }
}

/// From 1 to 5, so that there is a middle; the labels are those of its ends.
const fn scale(min_label: &'static str, max_label: &'static str) -> ScaleLabels {
    ScaleLabels {
        min: 1,
        max: 5,
        min_label,
        max_label,
    }
}

// --------------------------------------------------------------------------------------------- kind, specific, helpful

static KIND_SPECIFIC_HELPFUL: Source = Source {
    title: Said {
        en: "Kind, specific, helpful",
        fr: "Bienveillant, précis, utile",
        es: "Amable, concreto, útil",
    },
    instructions: Said {
        en: "Somebody has worked on this and is curious what you think. Look at all of it once before you write. Then \
            be kind (you write to a person, about the work), specific (you point to a place in it) and helpful (you \
            give an idea that can be tried). There are no marks here, and language mistakes don’t matter.",
        fr: "Quelqu’un a travaillé là-dessus et aimerait savoir ce que tu en penses. Regarde ou lis tout une première \
            fois avant d’écrire. Fais ensuite un retour bienveillant (tu t’adresses à une personne, tu parles du \
            travail), précis (tu montres un passage) et utile (tu donnes une idée à essayer). Ici, il n’y a pas de \
            notes, et les fautes de langue ne comptent pas.",
        es: "Alguien ha trabajado en esto y tiene curiosidad por saber qué te parece. Míralo o léelo entero antes de \
            escribir. Después haz un comentario amable (te diriges a una persona y hablas del trabajo), concreto \
            (señalas una parte) y útil (das una idea que se puede probar). Aquí no hay notas, y los errores de lengua \
            no importan.",
    },
    criteria: &[
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 60,
            text: Said {
                en: Text {
                    title: "What works well",
                    description: "Choose one thing in the work that works well for you. Say where it is and what it \
                        gave you: a smile, an idea, a clearer picture, the wish to know more. “Great!” is nice to \
                        hear; saying what is great also helps the person to go on.",
                },
                fr: Text {
                    title: "Ce qui marche bien",
                    description: "Choisis une chose qui marche bien pour toi dans ce travail. Dis où elle se trouve et \
                        ce qu’elle t’a apporté : un sourire, une idée, une image plus claire, l’envie d’en savoir \
                        plus. « Super ! » fait plaisir ; dire ce qui est super aide aussi à continuer.",
                },
                es: Text {
                    title: "Lo que funciona bien",
                    description: "Elige una cosa de este trabajo que para ti funcione bien. Di dónde está y qué te \
                        aportó: una sonrisa, una idea, una imagen más clara, ganas de saber más. «¡Genial!» da \
                        alegría; decir qué es lo genial también ayuda a seguir.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I noticed…",
                    "I liked how…",
                    "It became clear to me when…",
                    "I keep thinking about the part where …, because…",
                ],
                fr: [
                    "J’ai remarqué…",
                    "J’ai aimé la façon dont…",
                    "C’est devenu clair pour moi quand…",
                    "Je garde en tête le passage où …, parce que…",
                ],
                es: [
                    "Me he fijado en…",
                    "Me ha gustado cómo…",
                    "Lo entendí bien cuando…",
                    "Sigo pensando en la parte en la que …, porque…",
                ],
            }),
        },
        Criterion {
            form: Form::Scale(Said {
                en: scale("I often lost the thread", "I could follow from beginning to end"),
                fr: scale("J’ai souvent perdu le fil", "J’ai pu suivre du début à la fin"),
                es: scale("Perdí el hilo a menudo", "Pude seguirlo de principio a fin"),
            }),
            is_required: true,
            min_length: 0,
            text: Said {
                en: Text {
                    title: "How easily could I follow?",
                    description: "This isn’t a mark: you tell what it was like to read or watch this work. If you lost \
                        the thread somewhere, say where: that place is worth another look.",
                },
                fr: Text {
                    title: "Ai-je pu suivre facilement ?",
                    description: "Ce n’est pas une note : tu racontes comment c’était de lire ou de regarder ce \
                        travail. Si tu as perdu le fil quelque part, dis où : c’est un endroit à revoir.",
                },
                es: Text {
                    title: "¿Pude seguirlo con facilidad?",
                    description: "No es una nota: cuentas cómo fue leer o mirar este trabajo. Si perdiste el hilo en \
                        algún momento, di dónde: esa parte merece otra mirada.",
                },
            },
            starters: starters(&Said {
                en: [
                    "It was easy to follow when…",
                    "I lost the thread when…",
                    "To follow better, I would like to know…",
                ],
                fr: [
                    "C’était facile à suivre quand…",
                    "J’ai perdu le fil quand…",
                    "Pour mieux suivre, j’aimerais savoir…",
                ],
                es: [
                    "Fue fácil de seguir cuando…",
                    "Perdí el hilo cuando…",
                    "Para seguirlo mejor, me gustaría saber…",
                ],
            }),
        },
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 40,
            text: Said {
                en: Text {
                    title: "A question that I have",
                    description: "Ask a real question: something that you would like to know and that takes more than \
                        a yes or a no to answer. A good question shows that you have looked closely, and makes people \
                        want to go further.",
                },
                fr: Text {
                    title: "Une question que je me pose",
                    description: "Pose une vraie question : quelque chose que tu aimerais savoir et qui demande plus \
                        qu’un oui ou un non. Une bonne question montre que tu as regardé de près, et donne envie \
                        d’aller plus loin.",
                },
                es: Text {
                    title: "Una pregunta que me hago",
                    description: "Haz una pregunta de verdad: algo que te gustaría saber y que pida más que un sí o un \
                        no. Una buena pregunta muestra que te has fijado bien y da ganas de ir más lejos.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I wonder…",
                    "How did you find out…?",
                    "What made you choose…?",
                    "I would like to know more about…",
                ],
                fr: [
                    "Je me demande…",
                    "Comment as-tu découvert… ?",
                    "Qu’est-ce qui t’a fait choisir… ?",
                    "J’aimerais en savoir plus sur…",
                ],
                es: [
                    "Me pregunto…",
                    "¿Cómo descubriste…?",
                    "¿Qué te hizo elegir…?",
                    "Me gustaría saber más sobre…",
                ],
            }),
        },
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 60,
            text: Said {
                en: Text {
                    title: "An idea to try",
                    description: "Suggest one change, small enough to be tried soon. Say where, and what it would make \
                        better. It is an offer: the person who made this work decides.",
                },
                fr: Text {
                    title: "Une idée à essayer",
                    description: "Propose un seul changement, assez petit pour être essayé rapidement. Dis à quel \
                        endroit, et ce qui serait mieux ensuite. C’est une proposition : la personne qui a fait ce \
                        travail décide.",
                },
                es: Text {
                    title: "Una idea para probar",
                    description: "Propón un solo cambio, lo bastante pequeño para probarlo pronto. Di en qué parte y \
                        qué mejoraría. Es una propuesta: decide quien hizo el trabajo.",
                },
            },
            starters: starters(&Said {
                en: [
                    "What if you…?",
                    "You could try…",
                    "For me it would be even clearer if…",
                    "Next time I would love to see…",
                ],
                fr: [
                    "Et si tu… ?",
                    "Tu pourrais essayer de…",
                    "Pour moi, ce serait encore plus clair si…",
                    "La prochaine fois, j’aimerais voir…",
                ],
                es: [
                    "¿Y si…?",
                    "Podrías probar a…",
                    "Para mí quedaría aún más claro si…",
                    "La próxima vez me gustaría ver…",
                ],
            }),
        },
        // About the review itself rather than the work: what isn't true yet can still be changed.
        Criterion {
            form: checklist(&Said {
                en: [
                    "Kind: I write about the work, not about the person.",
                    "Kind: I would be happy to get this feedback myself.",
                    "Specific: I point to at least one place in the work.",
                    "Helpful: I give an idea that can be tried soon.",
                    "Respectful: I tell nothing private about anybody.",
                ],
                fr: [
                    "Bienveillant : je parle du travail, pas de la personne.",
                    "Bienveillant : j’aimerais bien recevoir ce retour.",
                    "Précis : je montre au moins un passage du travail.",
                    "Utile : je donne une idée qu’on peut essayer bientôt.",
                    "Respectueux : je ne raconte rien de privé sur qui que ce soit.",
                ],
                es: [
                    "Amable: hablo del trabajo, no de la persona.",
                    "Amable: me gustaría recibir este comentario.",
                    "Concreto: señalo al menos una parte del trabajo.",
                    "Útil: doy una idea que se puede probar pronto.",
                    "Respetuoso: no cuento nada privado de nadie.",
                ],
            }),
            is_required: true,
            min_length: 0,
            text: Said {
                en: Text {
                    title: "Before I send it",
                    description: "Read your feedback again as if somebody had written it to you. Tick what is true, \
                        and change what isn’t yet. You may add a last word, for example a thank-you.",
                },
                fr: Text {
                    title: "Avant d’envoyer",
                    description: "Relis ton retour comme si quelqu’un te l’avait écrit. Coche ce qui est vrai, et \
                        change ce qui ne l’est pas encore. Tu peux ajouter un dernier mot, par exemple un merci.",
                },
                es: Text {
                    title: "Antes de enviarlo",
                    description: "Vuelve a leer tu comentario como si alguien te lo hubiera escrito a ti. Marca lo que \
                        se cumple y cambia lo que todavía no. Puedes añadir una última palabra, por ejemplo, las \
                        gracias.",
                },
            },
            starters: starters(&Said {
                en: [
                    "Thank you for…",
                    "From your work I learned…",
                    "I am still not sure about…",
                ],
                fr: [
                    "Merci pour…",
                    "Grâce à ton travail, j’ai appris…",
                    "J’hésite encore sur…",
                ],
                es: [
                    "Gracias por…",
                    "Con tu trabajo he aprendido…",
                    "Todavía tengo dudas sobre…",
                ],
            }),
        },
    ],
};

// -------------------------------------------------------------------------------------------- intercultural reflection

// Describe, interpret, then ask: what happened comes before what it may mean, and nothing has to be good or bad.
static INTERCULTURAL_REFLECTION: Source = Source {
    title: Said {
        en: "Curious about other ways of living",
        fr: "La curiosité pour d’autres façons de vivre",
        es: "Curiosidad por otras formas de vivir",
    },
    instructions: Said {
        en: "The person who wrote this entry lives in another place for a while and shares thoughts with you. Read \
            with curiosity: first what happened, then what it may mean, and only then what you think of it. Speak of \
            people and moments, not of whole countries. You don’t judge the stay or the person; if something worries \
            you, tell an adult at your school.",
        fr: "La personne qui a écrit cette page vit ailleurs pour un temps et partage ses pensées avec toi. Lis avec \
            curiosité : d’abord ce qui s’est passé, puis ce que cela peut vouloir dire, et seulement après ce que tu \
            en penses. Parle de personnes et de moments, pas de pays entiers. Tu ne juges ni le séjour ni la \
            personne ; si quelque chose t’inquiète, parles-en à une personne adulte de ton école.",
        es: "Quien escribió esta entrada vive un tiempo en otro lugar y comparte contigo lo que piensa. Lee con \
            curiosidad: primero lo que pasó, luego lo que puede significar y solo después lo que te parece. Habla de \
            personas y de momentos, no de países enteros. No juzgas la estancia ni a la persona; si algo te preocupa, \
            cuéntaselo a una persona adulta de tu instituto.",
    },
    criteria: &[
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 60,
            text: Said {
                en: Text {
                    title: "A moment that I noticed",
                    description: "Choose a moment in the entry and tell it in your own words, as a camera would have \
                        seen it: who did or said what? For now, leave aside whether it was good or bad. That way, the \
                        person who wrote it learns what you understood.",
                },
                fr: Text {
                    title: "Un moment que j’ai remarqué",
                    description: "Choisis un moment de la page et raconte-le avec tes mots, comme une caméra l’aurait \
                        vu : qui a fait ou dit quoi ? Pour l’instant, laisse de côté si c’était bien ou mal. La \
                        personne qui a écrit saura ainsi ce que tu as compris.",
                },
                es: Text {
                    title: "Un momento en el que me he fijado",
                    description: "Elige un momento de la entrada y cuéntalo con tus palabras, como lo habría visto una \
                        cámara: ¿quién hizo o dijo qué? Por ahora, deja a un lado si estuvo bien o mal. Así, quien \
                        escribió sabrá qué has entendido.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I noticed…",
                    "The moment that I can picture best is…",
                    "If I had been there, I would have seen…",
                    "A detail that I nearly missed is…",
                ],
                fr: [
                    "J’ai remarqué…",
                    "Le moment que j’imagine le mieux, c’est…",
                    "Sur place, j’aurais vu…",
                    "Un détail qui a failli m’échapper, c’est…",
                ],
                es: [
                    "Me he fijado en…",
                    "El momento que mejor me imagino es…",
                    "Si hubiera estado allí, habría visto…",
                    "Un detalle que casi se me escapa es…",
                ],
            }),
        },
        Criterion {
            form: rubric(&Said {
                en: [
                    Level {
                        title: "One view",
                        description: "It tells what the person who wrote it saw and felt. If other people appear, we \
                            don’t learn yet how they may have seen the moment.",
                    },
                    Level {
                        title: "A second look",
                        description: "It says that somebody else may have seen the moment differently, but not yet how \
                            or why.",
                    },
                    Level {
                        title: "Through other eyes",
                        description: "It tells how somebody else may have seen the moment and gives a reason, for \
                            example what that person is used to.",
                    },
                    Level {
                        title: "Several views, open questions",
                        description: "It puts several ways of seeing the moment side by side and keeps what is known \
                            apart from what is guessed. It tells what changed in the view of the person who wrote \
                            it.",
                    },
                ],
                fr: [
                    Level {
                        title: "Un regard",
                        description: "On lit ce que la personne qui a écrit a vu et ressenti. Si d’autres personnes \
                            apparaissent, on ne sait pas encore comment elles ont pu voir ce moment.",
                    },
                    Level {
                        title: "Un deuxième regard",
                        description: "On lit que quelqu’un d’autre a pu voir ce moment autrement, mais pas encore \
                            comment ni pourquoi.",
                    },
                    Level {
                        title: "Avec d’autres yeux",
                        description: "On lit comment quelqu’un d’autre a pu voir ce moment, avec une raison, par \
                            exemple les habitudes de cette personne.",
                    },
                    Level {
                        title: "Plusieurs regards, des questions ouvertes",
                        description: "Plusieurs façons de voir ce moment sont mises côte à côte, et on distingue ce \
                            qui est sûr de ce qui est supposé. On lit ce qui a changé dans le regard de la personne \
                            qui a écrit.",
                    },
                ],
                es: [
                    Level {
                        title: "Una mirada",
                        description: "Cuenta lo que vio y sintió quien escribió. Si aparecen otras personas, todavía \
                            no se dice cómo pudieron ver ese momento.",
                    },
                    Level {
                        title: "Una segunda mirada",
                        description: "Dice que otra persona pudo ver ese momento de otra manera, pero todavía no cómo \
                            ni por qué.",
                    },
                    Level {
                        title: "Con otros ojos",
                        description: "Cuenta cómo pudo ver ese momento otra persona y da una razón, por ejemplo, a qué \
                            está acostumbrada.",
                    },
                    Level {
                        title: "Varias miradas, preguntas abiertas",
                        description: "Pone varias formas de ver ese momento una al lado de otra y distingue lo que se \
                            sabe de lo que se supone. Cuenta qué ha cambiado en la mirada de quien escribió.",
                    },
                ],
            }),
            is_required: true,
            min_length: 40,
            text: Said {
                en: Text {
                    title: "Seeing it through other eyes",
                    description: "How far does this entry try to understand how somebody else saw the same moment? \
                        Choose the step that fits it best: every step is a good place to go on from. Then quote the \
                        sentence that made you choose, and say what could come next.",
                },
                fr: Text {
                    title: "Voir avec d’autres yeux",
                    description: "Jusqu’où cette page essaie-t-elle de comprendre comment quelqu’un d’autre a vu le \
                        même moment ? Choisis l’étape qui lui correspond le mieux : on peut avancer à partir de \
                        chacune. Cite ensuite la phrase qui t’a fait choisir, et dis ce qui pourrait suivre.",
                },
                es: Text {
                    title: "Mirar con otros ojos",
                    description: "¿Hasta dónde intenta esta entrada entender cómo vio otra persona el mismo momento? \
                        Elige el paso que mejor encaje con ella: desde cualquiera se puede avanzar. Después cita la \
                        frase que te hizo elegir y di qué podría venir a continuación.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I chose this step because…",
                    "The sentence that shows it is…",
                    "Perhaps the other person thought…",
                    "What could come next is…",
                ],
                fr: [
                    "J’ai choisi cette étape parce que…",
                    "La phrase qui le montre, c’est…",
                    "L’autre personne pensait peut-être…",
                    "Ce qui pourrait suivre, c’est…",
                ],
                es: [
                    "He elegido este paso porque…",
                    "La frase que lo muestra es…",
                    "Quizá la otra persona pensó…",
                    "Lo que podría venir a continuación es…",
                ],
            }),
        },
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 40,
            text: Said {
                en: Text {
                    title: "A question out of curiosity",
                    description: "Ask something that makes people want to look again or to talk to people there. \
                        “How”, “what” and “when” open doors; “why do they always…?” quickly puts a whole group into \
                        one box. Ask only what you would answer yourself.",
                },
                fr: Text {
                    title: "Une question par curiosité",
                    description: "Pose une question qui donne envie de regarder encore une fois ou de parler avec des \
                        gens sur place. « Comment », « que » et « quand » ouvrent des portes ; « pourquoi font-ils \
                        toujours… ? » met vite tout un groupe dans la même case. Ne demande que ce que tu accepterais \
                        qu’on te demande.",
                },
                es: Text {
                    title: "Una pregunta por curiosidad",
                    description: "Haz una pregunta que dé ganas de mirar otra vez o de hablar con gente de allí. \
                        «Cómo», «qué» y «cuándo» abren puertas; «¿por qué siempre hacen…?» mete enseguida a todo un \
                        grupo en el mismo saco. Pregunta solo lo que tú también responderías.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I wonder how…",
                    "What would happen if…?",
                    "Who could tell you more about…?",
                    "What did you expect before…?",
                ],
                fr: [
                    "Je me demande comment…",
                    "Que se passerait-il si… ?",
                    "Qui pourrait t’en dire plus sur… ?",
                    "À quoi t’attendais-tu avant… ?",
                ],
                es: [
                    "Me pregunto cómo…",
                    "¿Qué pasaría si…?",
                    "¿Quién podría contarte más sobre…?",
                    "¿Qué esperabas antes de…?",
                ],
            }),
        },
        // Voluntary, and about school rather than home: nobody has to tell about their own life.
        Criterion {
            form: Form::Comment,
            is_required: false,
            min_length: 0,
            text: Said {
                en: Text {
                    title: "What it is like where I live",
                    description: "Compare with something from your own days: what is alike, what is different? Speak \
                        for yourself (“for me”, “at my school”), without calling it better or worse. Share only what \
                        you are happy to share.",
                },
                fr: Text {
                    title: "Comment c’est là où je vis",
                    description: "Compare avec quelque chose de ton quotidien : qu’est-ce qui se ressemble, qu’est-ce \
                        qui est différent ? Parle pour toi (« pour moi », « dans mon école »), sans dire que c’est \
                        mieux ou moins bien. Ne partage que ce que tu as envie de partager.",
                },
                es: Text {
                    title: "Cómo es donde yo vivo",
                    description: "Compáralo con algo de tu día a día: ¿qué se parece y qué es diferente? Habla por ti \
                        («para mí», «en mi instituto»), sin decir que sea mejor o peor. Comparte solo lo que te \
                        apetezca compartir.",
                },
            },
            starters: starters(&Said {
                en: [
                    "For me it is much the same, because…",
                    "For me it is different when…",
                    "At my school…",
                    "I had never noticed that I also…",
                ],
                fr: [
                    "Pour moi, c’est presque pareil, parce que…",
                    "Pour moi, c’est différent quand…",
                    "Dans mon école…",
                    "Je n’avais jamais remarqué que moi aussi…",
                ],
                es: [
                    "Para mí es casi igual, porque…",
                    "Para mí es diferente cuando…",
                    "En mi instituto…",
                    "Nunca me había dado cuenta de que yo también…",
                ],
            }),
        },
        // Required means looked at: that nothing is ticked is an answer as well.
        Criterion {
            form: checklist(&Said {
                en: [
                    "It speaks of particular people or moments, not of “everybody there”.",
                    "It keeps what happened apart from what the person who wrote it thinks of it.",
                    "What is different isn’t simply called strange, better or worse.",
                    "It shows something that people in both places have in common.",
                    "The people in it could read it and feel respected.",
                ],
                fr: [
                    "On y parle de certaines personnes ou de certains moments, pas de « tout le monde là-bas ».",
                    "On distingue ce qui s’est passé de ce qu’en pense la personne qui a écrit.",
                    "Ce qui est différent n’est pas simplement jugé bizarre, meilleur ou moins bon.",
                    "On y voit quelque chose que les gens des deux endroits ont en commun.",
                    "Les personnes dont on parle pourraient lire cette page et se sentir respectées.",
                ],
                es: [
                    "Habla de ciertas personas o de ciertos momentos, no de «todo el mundo allí».",
                    "Se distingue lo que pasó de lo que opina quien escribió.",
                    "Lo diferente no se califica sin más de raro, mejor o peor.",
                    "Muestra algo que la gente de los dos lugares tiene en común.",
                    "Las personas de las que habla podrían leerla y sentir que se las respeta.",
                ],
            }),
            is_required: true,
            min_length: 0,
            text: Said {
                en: Text {
                    title: "People, not stereotypes",
                    description: "Nobody is “typical”. Tick what you find in the entry. If something is missing, \
                        suggest in a friendly way how else to say it: “they always…” is quickly written and seldom \
                        meant badly.",
                },
                fr: Text {
                    title: "Des personnes, pas des stéréotypes",
                    description: "Personne n’est « typique ». Coche ce que tu trouves dans la page. S’il manque \
                        quelque chose, propose avec bienveillance une autre façon de le dire : on écrit vite « ils \
                        font toujours… », rarement avec une mauvaise intention.",
                },
                es: Text {
                    title: "Personas, no estereotipos",
                    description: "Nadie es «típico». Marca lo que encuentres en la entrada. Si falta algo, propón con \
                        amabilidad otra forma de decirlo: «siempre hacen…» se escribe enseguida y casi nunca con mala \
                        intención.",
                },
            },
            starters: starters(&Said {
                en: [
                    "Instead of …, you could write…",
                    "Perhaps other people there think…",
                    "I felt respect where you wrote…",
                ],
                fr: [
                    "Au lieu de …, tu pourrais écrire…",
                    "D’autres personnes, là-bas, pensent peut-être…",
                    "J’ai senti du respect là où tu écris…",
                ],
                es: [
                    "En lugar de …, podrías escribir…",
                    "Quizá otras personas de allí piensen…",
                    "He sentido respeto donde escribes…",
                ],
            }),
        },
    ],
};

// ---------------------------------------------------------------------------------------------------- product critique

// Products are often made together, so the starters don't speak to one person.
static PRODUCT_CRITIQUE: Source = Source {
    title: Said {
        en: "A close look at a poster, video or presentation",
        fr: "Une affiche, une vidéo ou une présentation vue de près",
        es: "Un póster, un vídeo o una presentación de cerca",
    },
    instructions: Said {
        en: "Look or listen twice: first like the people it is made for, then to find out how it is made. Write what \
            you saw and heard, and say “for me”, because others may see it differently. Those who made it will read \
            all of it: help them to choose what to do next. There are no marks here.",
        fr: "Regarde ou écoute deux fois : d’abord comme si tu faisais partie du public, puis pour découvrir comment \
            c’est fait. Écris ce que tu as vu et entendu, et dis « pour moi », car d’autres personnes peuvent le voir \
            autrement. Les personnes qui ont fait ce travail liront tout : aide-les à choisir la suite. Ici, il n’y a \
            pas de notes.",
        es: "Mira o escucha dos veces: primero como si formaras parte del público y luego para descubrir cómo está \
            hecho. Escribe lo que has visto y oído, y di «para mí», porque otras personas pueden verlo de otra manera. \
            Quienes hicieron este trabajo lo leerán todo: tu ayuda les servirá para elegir qué hacer después. Aquí no \
            hay notas.",
    },
    criteria: &[
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 40,
            text: Said {
                en: Text {
                    title: "What it is for, and who it is for",
                    description: "Say in your own words who it speaks to, and what these people should know, feel or \
                        do afterwards. Point to the clue that told you. If you have to guess, say so: that is good to \
                        know as well.",
                },
                fr: Text {
                    title: "Pour quoi, et pour qui",
                    description: "Dis avec tes mots à qui ce travail s’adresse, et ce que ces personnes devraient \
                        savoir, ressentir ou faire ensuite. Montre l’indice qui te l’a appris. Si tu dois deviner, \
                        dis-le : c’est utile aussi.",
                },
                es: Text {
                    title: "Para qué es y para quién",
                    description: "Di con tus palabras a quién se dirige este trabajo y qué debería saber, sentir o \
                        hacer esa gente después. Señala la pista que te lo ha dicho. Si tienes que adivinarlo, dilo: \
                        también es útil.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I think that it is made for…",
                    "Afterwards, people should…",
                    "I can tell from…",
                    "I wasn’t sure whether…",
                ],
                fr: [
                    "Je pense que c’est fait pour…",
                    "Ensuite, ces personnes devraient…",
                    "Je le vois à…",
                    "Je ne savais pas bien si…",
                ],
                es: [
                    "Creo que está hecho para…",
                    "Después, esa gente debería…",
                    "Lo noto en…",
                    "No tenía claro si…",
                ],
            }),
        },
        Criterion {
            form: Form::Scale(Said {
                en: scale("I had to look for it", "It was clear at once"),
                fr: scale("J’ai dû la chercher", "Elle était claire tout de suite"),
                es: scale("Tuve que buscarla", "Estuvo clara enseguida"),
            }),
            is_required: true,
            min_length: 40,
            text: Said {
                en: Text {
                    title: "How clear was the main idea to me?",
                    description: "This isn’t a mark: you tell what it was like for you. Also write in one sentence \
                        what the main idea is for you. That way, those who made it can see whether their message came \
                        across.",
                },
                fr: Text {
                    title: "L’idée principale était-elle claire pour moi ?",
                    description: "Ce n’est pas une note : tu racontes comment c’était pour toi. Écris aussi, en une \
                        phrase, quelle est l’idée principale pour toi. Les personnes qui ont fait ce travail verront \
                        ainsi si leur message est passé.",
                },
                es: Text {
                    title: "¿Estaba clara para mí la idea principal?",
                    description: "No es una nota: cuentas cómo fue para ti. Escribe también, en una frase, cuál es \
                        para ti la idea principal. Así, quienes hicieron este trabajo verán si su mensaje ha \
                        llegado.",
                },
            },
            starters: starters(&Said {
                en: [
                    "For me, the main idea is…",
                    "I understood it when…",
                    "I needed a second look at…",
                ],
                fr: [
                    "Pour moi, l’idée principale, c’est…",
                    "Je l’ai comprise quand…",
                    "J’ai dû regarder deux fois…",
                ],
                es: [
                    "Para mí, la idea principal es…",
                    "La entendí cuando…",
                    "Tuve que mirar dos veces…",
                ],
            }),
        },
        // Required means looked at: that nothing is ticked is an answer as well.
        Criterion {
            form: checklist(&Said {
                en: [
                    "Facts and figures say where they come from.",
                    "Pictures, music and quotations say who made them.",
                    "An example or a voice from the project supports each main point.",
                    "I can tell facts from opinions.",
                    "There is more than one source or point of view.",
                ],
                fr: [
                    "Pour les faits et les chiffres, on sait d’où ils viennent.",
                    "Pour les images, la musique et les citations, on sait de qui elles viennent.",
                    "Un exemple ou un témoignage du projet appuie chaque point important.",
                    "Je peux distinguer les faits des opinions.",
                    "Il y a plus d’une source ou plus d’un point de vue.",
                ],
                es: [
                    "Los datos y las cifras indican de dónde vienen.",
                    "Las imágenes, la música y las citas indican de quién son.",
                    "Un ejemplo o un testimonio del proyecto apoya cada punto importante.",
                    "Puedo distinguir los hechos de las opiniones.",
                    "Hay más de una fuente o más de un punto de vista.",
                ],
            }),
            is_required: true,
            min_length: 0,
            text: Said {
                en: Text {
                    title: "Can I rely on what it says?",
                    description: "Tick what you find. If a box stays empty, say where a source, an example or a name \
                        would help. Perhaps it is there and hard to see: then it may need a better place.",
                },
                fr: Text {
                    title: "Puis-je me fier à ce qui est dit ?",
                    description: "Coche ce que tu trouves. Si une case reste vide, dis à quel endroit une source, un \
                        exemple ou un nom aiderait. Peut-être que c’est là, mais difficile à voir : il faudrait alors \
                        une meilleure place.",
                },
                es: Text {
                    title: "¿Puedo fiarme de lo que dice?",
                    description: "Marca lo que encuentres. Si una casilla queda vacía, di dónde ayudaría una fuente, \
                        un ejemplo o un nombre. Quizá esté ahí, pero cueste verlo: entonces puede que necesite un \
                        lugar mejor.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I would trust it even more if…",
                    "Where does … come from?",
                    "The example that convinces me most is…",
                ],
                fr: [
                    "J’aurais encore plus confiance si…",
                    "D’où vient… ?",
                    "L’exemple le plus convaincant pour moi, c’est…",
                ],
                es: [
                    "Me fiaría aún más si…",
                    "¿De dónde viene…?",
                    "El ejemplo que más me convence es…",
                ],
            }),
        },
        Criterion {
            form: rubric(&Said {
                en: [
                    Level {
                        title: "First sketch",
                        description: "The ideas are there. I have to find out by myself where to begin and what \
                            matters most.",
                    },
                    Level {
                        title: "Taking shape",
                        description: "Some parts draw my attention. Others are hard to read or to hear, or compete \
                            with each other.",
                    },
                    Level {
                        title: "Everything fits together",
                        description: "Text, pictures and sound go together. I can read or hear everything, and I know \
                            where to look next.",
                    },
                    Level {
                        title: "Each choice has a reason",
                        description: "Each choice makes the message stronger for this audience. It is also made so \
                            that more people can follow, for example with subtitles or good contrast.",
                    },
                ],
                fr: [
                    Level {
                        title: "Première esquisse",
                        description: "Les idées sont là. À moi de trouver par où commencer et ce qui compte le plus.",
                    },
                    Level {
                        title: "Ça prend forme",
                        description: "Certaines parties attirent mon attention. D’autres sont difficiles à lire ou à \
                            entendre, ou se font concurrence.",
                    },
                    Level {
                        title: "Tout va ensemble",
                        description: "Le texte, les images et le son vont ensemble. Je peux tout lire ou tout \
                            entendre, et je sais où regarder ensuite.",
                    },
                    Level {
                        title: "Chaque choix a sa raison",
                        description: "Chaque choix rend le message plus fort pour ce public. Tout est fait aussi pour \
                            que plus de gens puissent suivre, par exemple avec des sous-titres ou un bon contraste.",
                    },
                ],
                es: [
                    Level {
                        title: "Primer boceto",
                        description: "Las ideas están ahí. Tengo que descubrir por mi cuenta por dónde empezar y qué \
                            es lo más importante.",
                    },
                    Level {
                        title: "Va tomando forma",
                        description: "Algunas partes atraen mi atención. Otras son difíciles de leer o de oír, o \
                            compiten entre sí.",
                    },
                    Level {
                        title: "Todo encaja",
                        description: "El texto, las imágenes y el sonido van de la mano. Puedo leerlo u oírlo todo y \
                            sé dónde mirar después.",
                    },
                    Level {
                        title: "Cada decisión tiene su porqué",
                        description: "Cada decisión da más fuerza al mensaje para este público. También está hecho \
                            para que más gente pueda seguirlo, por ejemplo, con subtítulos o un buen contraste.",
                    },
                ],
            }),
            is_required: true,
            min_length: 40,
            text: Said {
                en: Text {
                    title: "How the design helps the message",
                    description: "Look at text, pictures, sound, colours and order: do they help you to understand? \
                        Choose the step that fits this work best: every step is a good place to go on from. Then name \
                        a choice that helps, or one that gets in the way.",
                },
                fr: Text {
                    title: "Comment la mise en forme sert le message",
                    description: "Observe le texte, les images, le son, les couleurs et l’ordre : est-ce que cela aide \
                        à comprendre ? Choisis l’étape qui correspond le mieux à ce travail : on peut avancer à partir \
                        de chacune. Nomme ensuite un choix qui aide, ou un choix qui gêne.",
                },
                es: Text {
                    title: "Cómo ayuda el diseño al mensaje",
                    description: "Fíjate en el texto, las imágenes, el sonido, los colores y el orden: ¿te ayudan a \
                        entender? Elige el paso que mejor encaje con este trabajo: desde cualquiera se puede avanzar. \
                        Después nombra una decisión que ayude o una que estorbe.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I chose this step because…",
                    "What I saw first was…",
                    "The choice that helps me most is…",
                    "It was hard for me to read or hear…",
                ],
                fr: [
                    "J’ai choisi cette étape parce que…",
                    "Ce que j’ai vu en premier, c’est…",
                    "Le choix qui m’aide le plus, c’est…",
                    "J’ai eu du mal à lire ou à entendre…",
                ],
                es: [
                    "He elegido este paso porque…",
                    "Lo primero que vi fue…",
                    "La decisión que más me ayuda es…",
                    "Me costó leer u oír…",
                ],
            }),
        },
        Criterion {
            form: Form::Comment,
            is_required: true,
            min_length: 80,
            text: Said {
                en: Text {
                    title: "What to keep, and what to try",
                    description: "Name one thing that should stay as it is, and the one change that would help the \
                        audience most. Say how it could be done: an example, a tool, a place to look. One good idea is \
                        worth more than a long list.",
                },
                fr: Text {
                    title: "Ce qui est à garder, ce qui est à essayer",
                    description: "Nomme une chose à garder comme elle est, et le changement qui aiderait le plus le \
                        public. Dis comment on pourrait faire : un exemple, un outil, un endroit où chercher. Une \
                        bonne idée vaut mieux qu’une longue liste.",
                },
                es: Text {
                    title: "Qué conservar y qué probar",
                    description: "Nombra una cosa que debería quedarse como está y el cambio que más ayudaría al \
                        público. Di cómo se podría hacer: un ejemplo, una herramienta, un sitio donde buscar. Una \
                        buena idea vale más que una lista larga.",
                },
            },
            starters: starters(&Said {
                en: [
                    "I would keep…",
                    "What if…?",
                    "It would be even clearer with…",
                    "A good place to look is…",
                ],
                fr: [
                    "Moi, je garderais…",
                    "Et si… ?",
                    "Ce serait encore plus clair avec…",
                    "Un bon endroit où chercher, c’est…",
                ],
                es: [
                    "Yo conservaría…",
                    "¿Y si…?",
                    "Quedaría aún más claro con…",
                    "Un buen sitio donde buscar es…",
                ],
            }),
        },
    ],
};

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    const LANGUAGES: &[&str] = &["en", "fr", "es"];

    const KINDS: [CriterionKind; 4] = [
        CriterionKind::Comment,
        CriterionKind::Rubric,
        CriterionKind::Checklist,
        CriterionKind::Scale,
    ];

    /// All templates in a language.
    fn all(language: &str) -> Vec<Template> {
        TemplateKind::ALL
            .into_iter()
            .map(|kind| template(kind, language).unwrap())
            .collect()
    }

    fn criteria(language: &str) -> Vec<Wording> {
        all(language)
            .into_iter()
            .flat_map(|template| template.criteria)
            .collect()
    }

    fn starters_in(wording: &Wording, language: &str) -> &'static [&'static str] {
        match language {
            "fr" => wording.starters.fr,
            "es" => wording.starters.es,
            _ => wording.starters.en,
        }
    }

    /// All texts in a language, each with the most characters that it may have.
    fn texts(language: &str) -> Vec<(&'static str, usize)> {
        let mut texts = Vec::new();
        for template in all(language) {
            texts.extend([(template.title, 120), (template.instructions, 1_000)]);
            for wording in template.criteria {
                texts.extend([(wording.title, 120), (wording.description, 500)]);
                for level in wording.levels {
                    texts.extend([(level.title, 120), (level.description, 300)]);
                }
                if let Some(scale) = wording.scale {
                    texts.extend([(scale.min_label, 120), (scale.max_label, 120)]);
                }
                let short = wording.items.iter().chain(starters_in(&wording, language));
                texts.extend(short.map(|text| (*text, 200)));
            }
        }
        texts
    }

    #[test]
    fn a_template_has_the_same_shape_in_all_languages() {
        for kind in TemplateKind::ALL {
            let shape = |language| {
                let template = template(kind, language).unwrap();
                let shape = |wording: &Wording| {
                    let ends = wording.scale.map(|scale| (scale.min, scale.max));
                    let asked = (wording.kind, wording.is_required, wording.min_length, ends);
                    (asked, wording.levels.len(), wording.items.len(), wording.starters)
                };
                template.criteria.iter().map(shape).collect::<Vec<_>>()
            };
            for language in LANGUAGES {
                assert_eq!(shape(language), shape("en"));
            }
        }
    }

    #[test]
    fn criteria_have_what_their_kind_asks_for() {
        for template in all("en") {
            assert!((4..=5).contains(&template.criteria.len()));
        }
        for wording in criteria("en") {
            let (levels, items) = (wording.levels.len(), wording.items.len());
            let is_whole = match wording.kind {
                CriterionKind::Comment => levels == 0 && items == 0 && wording.scale.is_none(),
                CriterionKind::Rubric => (3..=5).contains(&levels) && items == 0 && wording.scale.is_none(),
                CriterionKind::Checklist => levels == 0 && (3..=6).contains(&items) && wording.scale.is_none(),
                CriterionKind::Scale => {
                    let ends = wording.scale.map(|scale| (scale.min, scale.max));
                    levels == 0 && items == 0 && ends == Some((1, 5))
                }
            };
            assert!(is_whole, "{}", wording.title);
            let is_comment = wording.kind == CriterionKind::Comment;
            let is_fair = match wording.min_length {
                0 => !(is_comment && wording.is_required),
                length => wording.is_required && (40..=120).contains(&length),
            };
            assert!(is_fair, "{}", wording.title);
            for language in LANGUAGES {
                assert!(
                    (3..=5).contains(&starters_in(&wording, language).len()),
                    "{}",
                    wording.title
                );
            }
        }
    }

    #[test]
    fn all_kinds_of_criteria_are_used() {
        let used: Vec<_> = criteria("en").iter().map(|wording| wording.kind).collect();
        assert!(KINDS.iter().all(|kind| used.contains(kind)));
    }

    #[test]
    fn texts_are_tidy_and_keep_their_length() {
        for language in LANGUAGES {
            for (text, most) in texts(language) {
                let length = text.chars().count();
                assert!(length > 0 && length <= most, "{length} > {most}: {text}");
                assert_eq!(text.trim(), text);
                assert!(!text.contains("  "), "{text}");
                assert!(!text.contains(char::is_control), "{text}");
            }
        }
    }

    #[test]
    fn no_text_of_a_criterion_is_that_of_another_language() {
        for (place, english) in criteria("en").into_iter().enumerate() {
            let (french, spanish) = (criteria("fr")[place], criteria("es")[place]);
            for (one, other) in [(english, french), (english, spanish), (french, spanish)] {
                assert_ne!(one.title, other.title);
                assert_ne!(one.description, other.description);
                assert!(one.levels.iter().zip(other.levels).all(|(one, other)| one != other));
                assert!(one.items.iter().zip(other.items).all(|(one, other)| one != other));
            }
        }
    }

    #[test]
    fn texts_have_the_typography_of_their_language() {
        const NARROW: char = '\u{202f}';
        for language in LANGUAGES {
            for (text, _) in texts(language) {
                assert!(
                    !text.contains(['\'', '"', '\u{a0}', '·']) && !text.contains("..."),
                    "{text}"
                );
                let signs: Vec<_> = text.chars().collect();
                let count = |sign| signs.iter().filter(|&&one| one == sign).count();
                assert_eq!(count('«'), count('»'), "{text}");
                assert_eq!(count('“'), count('”'), "{text}");
                match *language {
                    "fr" => {
                        assert!(!text.contains('“'), "{text}");
                        let rest = text.replace("«\u{202f}", "");
                        let spaced = [':', ';', '?', '!', '»'].map(|sign| format!("{NARROW}{sign}"));
                        let rest = spaced.iter().fold(rest, |rest, right| rest.replace(right, ""));
                        assert!(!rest.contains([NARROW, ':', ';', '?', '!', '«', '»']), "{text}");
                    }
                    "es" => {
                        assert!(!text.contains(['“', NARROW]), "{text}");
                        assert_eq!((count('¿'), count('¡')), (count('?'), count('!')), "{text}");
                    }
                    _ => assert!(!text.contains(['«', NARROW]), "{text}"),
                }
            }
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag_or_its_primary_one() {
        let found = |tag| template(TemplateKind::ProductCritique, tag).map(|template| template.language);
        for language in LANGUAGES {
            assert_eq!(found(language), Some(*language));
        }
        assert_eq!(found("fr-CA"), Some("fr"));
        assert_eq!(found("es-419"), Some("es"));
        for other in ["", "lv", "eng", "-en"] {
            assert_eq!(found(other), None);
        }
    }
}
