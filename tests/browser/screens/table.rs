//! Every screen in every state, once. A new state is one line: its name, and the acts that lead to it from the one before.
//!
//! The acts are a person's own against a real server, or that server's lies; nothing is drawn for the picture alone.

use super::act::Act;
use super::lies::{alter_content, alter_slot, invented_deletion, no_answer, no_journal, sign_out};

/// A screen and its states, in the order in which they are visited.
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    pub(crate) states: &'static [State],
}

/// What the state is called, and how it is reached from the state before.
pub(crate) type State = (&'static str, &'static [Act]);

use Act::*;

pub(crate) const SCREENS: &[Screen] = &[
    Screen {
        name: "home",
        states: &[("first visit", &[Go("/"), See("home-create")])],
    },
    Screen {
        name: "service",
        states: &[("what it can and cannot do", &[Go("/service"), See("service")])],
    },
    Screen {
        name: "open",
        states: &[
            ("empty", &[Go("/ouvrir"), See("open-submit")]),
            (
                "words offered",
                &[
                    Click(".input-wrap--secret .btn"),
                    Type("open-phrase", "aba"),
                    See("word-offer"),
                ],
            ),
            (
                "twelve words in place of the phrase",
                &[Type("open-phrase", TWELVE), See("open-wrong-door")],
            ),
            (
                "wrong phrase",
                &[
                    Go("/ouvrir"),
                    Type("open-handle", "personne.ici"),
                    Type("open-phrase", "ce n'est pas elle"),
                    Click("open-submit"),
                    See("form-error"),
                ],
            ),
            (
                "offline",
                &[
                    Cut,
                    Type("open-phrase", "encore"),
                    Click("open-submit"),
                    See("form-error"),
                    Mend,
                ],
            ),
        ],
    },
    Screen {
        name: "recover",
        states: &[
            ("empty", &[Go("/secours"), See("recover-submit")]),
            (
                "words offered",
                &[Type("recover-words", "abaisser aba"), See("word-offer")],
            ),
            (
                "refused",
                &[
                    Type("recover-words", "abaisser abandon"),
                    Click("recover-submit"),
                    See(".error"),
                ],
            ),
            ("both lost", &[Go("/perdu"), See("lost")]),
        ],
    },
    Screen {
        name: "create",
        states: &[
            ("what this service is", &[Go("/creer"), See("create-start")]),
            ("identifier", &[Click("create-start"), See("create-handle")]),
            (
                "identifier refused",
                &[
                    Type("create-handle", "é"),
                    Click("create-handle-next"),
                    See(".error"),
                ],
            ),
            (
                "proposed phrase",
                &[
                    Type("create-handle", LONG_HANDLE),
                    Click("create-handle-next"),
                    See("create-phrase-word"),
                ],
            ),
            (
                "own phrase",
                &[Click("create-phrase-own"), See("create-phrase-input")],
            ),
            (
                "own phrase refused",
                &[
                    Type("create-phrase-input", "courte"),
                    Type("create-phrase-repeat", "autre"),
                    Click("create-phrase-next"),
                    See(".error"),
                ],
            ),
            (
                "recovery sheet",
                &[
                    Go("/creer"),
                    Click("create-start"),
                    Type("create-handle", "sofia.rossi"),
                    Click("create-handle-next"),
                    See("create-phrase-word"),
                    Click("create-phrase-next"),
                    See("sheet-word"),
                ],
            ),
            (
                "recovery sheet, three words wrong",
                &[
                    Type("sheet-retype", "zèbre"),
                    Click("create-submit"),
                    See(".error"),
                ],
            ),
            (
                "sheet put off until later",
                &[Click("sheet-later"), See("kit-band")],
            ),
            ("test of the sheet", &[Click("kit-try"), See("sheet-test-words")]),
            (
                "another sheet",
                &[
                    Type("sheet-test-words", TWELVE),
                    Click("sheet-test-submit"),
                    See("sheet-test-other"),
                ],
            ),
        ],
    },
    Screen {
        name: "safe",
        states: &[
            ("empty", &[Go("/"), Create, See("safe-empty")]),
            ("files over the window", &[Drag, See("safe-drop")]),
            (
                "what is asked at adding",
                &[
                    DragEnd,
                    Gone("safe-drop"),
                    Offer("Passeport.pdf"),
                    See("add-submit"),
                ],
            ),
            (
                "one document, just kept",
                &[
                    Click("add-submit"),
                    See("tray-item"),
                    Gone("[data-testid='tray-item']:not([data-state='saved'])"),
                ],
            ),
            ("one document", &[Click("tray-close"), Gone("tray-item")]),
            (
                "offline, a document not kept",
                &[Cut, Choose("Bail.pdf"), See("[data-state='failed']"), Mend],
            ),
            (
                "photographs, apart or joined",
                &[
                    Click("tray-close"),
                    OfferPhotos(&["recto.jpg", "verso.jpg", "page 3.jpg"]),
                    See(".dialog .segment"),
                ],
            ),
            (
                "photographs, one document",
                &[Click(".dialog .segment label:last-child"), See("gather-page")],
            ),
            (
                "photographs, without a name",
                &[Type("gather-name", " "), Click("add-submit"), See(".error")],
            ),
            (
                "long and strange names",
                &[
                    Click("add-cancel"),
                    Gone("add-submit"),
                    Add(&[LONG, UNBROKEN, ARABIC, HEBREW, "sans extension"]),
                    Click("tray-close"),
                ],
            ),
            (
                "many documents",
                &[AddMany(24), Click("tray-close"), Gone("tray-item")],
            ),
            (
                "menu of a document",
                &[
                    Type("safe-search", "passeport"),
                    Menu("Passeport.pdf"),
                    See("doc-rename"),
                ],
            ),
            ("rename", &[Click("doc-rename"), See("rename-input")]),
            (
                "details",
                &[
                    Click("rename-cancel"),
                    Gone("rename-input"),
                    Menu("Passeport.pdf"),
                    Click("doc-details"),
                    See("details"),
                ],
            ),
            (
                "category",
                &[Click("details-set-category"), See("category-submit")],
            ),
            (
                "until when",
                &[
                    Click("category-cancel"),
                    Click("details-set-end"),
                    See("end-submit"),
                ],
            ),
            (
                "tags",
                &[Click("end-cancel"), Click("details-set-tags"), See("tags-input")],
            ),
            (
                "new folder",
                &[
                    Click("tags-cancel"),
                    Click("details-close"),
                    Type("safe-search", " "),
                    Click("folder-new"),
                    See("folder-input"),
                ],
            ),
            (
                "a folder",
                &[
                    Type("folder-input", "Logement"),
                    Click("folder-submit"),
                    See("folder-row"),
                ],
            ),
            (
                "move",
                &[
                    Menu("Relevé de compte, page 24.pdf"),
                    Click("doc-move"),
                    See("move-submit"),
                ],
            ),
            (
                "several picked",
                &[
                    Click("move-cancel"),
                    Click("pick-start"),
                    Click("pick-all"),
                    See("picked"),
                ],
            ),
            ("found", &[Click("pick-end"), Type("safe-search", "page")]),
            ("nothing found", &[Type("safe-search", "zzz"), See("safe-none")]),
            (
                "in the bin, with a way back",
                &[
                    Type("safe-search", "pass"),
                    Menu("Passeport.pdf"),
                    Click("doc-trash"),
                    See("toast-undo"),
                ],
            ),
            (
                "a device that never opened it",
                &[NewDevice, Go("/ouvrir"), Open, See("notice")],
            ),
        ],
    },
    Screen {
        name: "document",
        states: &[
            (
                "a PDF",
                &[
                    Type("safe-search", LONG),
                    Menu(LONG),
                    Click("doc-open"),
                    See("[data-state='shown']"),
                ],
            ),
            ("another name", &[Click("document-rename"), See("rename-input")]),
            (
                "another place",
                &[Click("rename-cancel"), Click("document-move"), See("move-submit")],
            ),
            (
                "an older version",
                &[
                    Click("move-cancel"),
                    Renew,
                    See("versions"),
                    See("[data-state='shown']"),
                ],
            ),
            (
                "its print",
                &[
                    Click("tray-close"),
                    Click("document-print-make"),
                    See("document-print"),
                ],
            ),
            (
                "not of a kind that is shown",
                &[
                    Click("back"),
                    See("safe"),
                    Menu("sans extension"),
                    Click("doc-open"),
                    See("preview-not"),
                ],
            ),
            (
                "gone",
                &[Go("/document/AAAAAAAAAAAAAAAAAAAAAA"), See("document-gone")],
            ),
        ],
    },
    Screen {
        name: "bin",
        states: &[
            ("one document", &[Link("/corbeille"), See("trash-row")]),
            ("destroy for good", &[Click("trash-purge"), See("purge-submit")]),
            ("empty", &[Click("purge-submit"), See("trash-empty")]),
        ],
    },
    Screen {
        name: "alert",
        states: &[
            (
                "refused document",
                &[
                    Link("/coffre"),
                    See("safe"),
                    Lie(alter_content),
                    Ask(LONG),
                    See("alert"),
                ],
            ),
            ("proof saved", &[Click("alert-save"), See("alert-saved")]),
            (
                "refused account",
                &[
                    Mend,
                    Click("alert-close"),
                    See("safe"),
                    Click("lock"),
                    See("open-handle"),
                    Lie(alter_slot),
                    Knock,
                    See("alert"),
                ],
            ),
        ],
    },
    Screen {
        name: "settings",
        states: &[
            (
                "with a proof",
                &[
                    Mend,
                    Click("alert-close"),
                    Go("/ouvrir"),
                    Open,
                    See("safe"),
                    Link("/reglages"),
                    See("evidence-row"),
                ],
            ),
            ("proof opened", &[Click("evidence-open"), See("evidence-delete")]),
            (
                "delete the proof",
                &[Click("evidence-delete"), See("evidence-delete-submit")],
            ),
            (
                "taken away and brought in",
                &[
                    Click("evidence-delete-cancel"),
                    Click("carry-out"),
                    See("carry-outcome"),
                ],
            ),
            ("the journal", &[Click("journal-read"), See("journal-holds")]),
            (
                "the journal, nothing of a kind",
                &[Click("[data-name='operator']"), See("journal-none")],
            ),
            (
                "the journal, another one than was signed",
                &[
                    Lie(invented_deletion),
                    Link("/coffre"),
                    See("safe"),
                    Link("/reglages"),
                    Click("journal-read"),
                    See("journal-doubts"),
                ],
            ),
            (
                "the journal, unreadable",
                &[
                    Lie(no_journal),
                    Link("/coffre"),
                    See("safe"),
                    Link("/reglages"),
                    Click("journal-read"),
                    See("journal-failed"),
                    Mend,
                ],
            ),
            (
                "another phrase",
                &[Click("secrets-change-phrase"), See("step-phrase")],
            ),
            (
                "another phrase, refused",
                &[
                    Type("step-phrase", "pas celle-ci"),
                    Click("step-submit"),
                    See("form-error"),
                ],
            ),
            (
                "another phrase, chosen",
                &[
                    Phrase("step-phrase"),
                    Click("step-submit"),
                    See("new-phrase"),
                    See("create-phrase-word"),
                ],
            ),
            (
                "another sheet, asked",
                &[
                    Click("new-phrase-later"),
                    See("settings"),
                    Click("secrets-new-sheet"),
                    See("step-phrase"),
                ],
            ),
            (
                "another sheet",
                &[Phrase("step-phrase"), Click("step-submit"), See("new-sheet")],
            ),
            (
                "closing for good",
                &[
                    Click("sheet-later"),
                    See("settings"),
                    Click("leave-close"),
                    See("step-phrase"),
                ],
            ),
            (
                "going on without a server",
                &[
                    Click("step-cancel"),
                    Link("/coffre"),
                    See("safe"),
                    Lie(no_answer),
                    Go("/coffre"),
                    See("offline"),
                ],
            ),
            (
                "nothing works without it",
                &[Choose("Bail.pdf"), See("[data-state='failed']")],
            ),
            (
                "session ended elsewhere",
                &[
                    Mend,
                    Go("/coffre"),
                    See("safe"),
                    Lie(sign_out),
                    Choose("Bail.pdf"),
                    See("form-error"),
                ],
            ),
        ],
    },
    Screen {
        name: "restored",
        states: &[
            (
                "asked before it opens",
                &[
                    Mend,
                    Backup,
                    Go("/ouvrir"),
                    Open,
                    Add(&["Après la sauvegarde.pdf"]),
                    Restore,
                    Go("/ouvrir"),
                    Knock,
                    See("restored"),
                ],
            ),
            ("proof saved", &[Click("restored-save"), See("restored-saved")]),
            ("not now", &[Click("restored-leave"), See("open-submit")]),
            (
                "gone on with",
                &[Knock, See("restored"), Click("restored-agree"), See("safe")],
            ),
            (
                "told on a new device",
                // The new sheet of before is told first.
                &[
                    NewDevice,
                    Go("/ouvrir"),
                    Open,
                    Click("way-changes-read"),
                    See("notice"),
                ],
            ),
        ],
    },
];

/// 120 characters.
const LONG: &str = "Attestation de droits à l’assurance maladie et justificatif de domicile de moins de trois mois, mairie du 14e arrdt.pdf";
const UNBROKEN: &str = "IMG_20240312_143207_HDR_original_copie_definitive_signee_par_tout_le_monde_et_relue_0000000000000000000000000001.jpeg";
const ARABIC: &str = "شهادة الميلاد.pdf";
const HEBREW: &str = "תעודת זהות - 2024 (סופי).jpg";
const LONG_HANDLE: &str = "une.personne.avec.un.identifiant.de.soixante.quatre.caracteres.x";
/// The words of nobody, whose checksum is right.
const TWELVE: &str = "abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abeille";
