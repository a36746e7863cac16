//! What leads from one state of the table to the next.

use tests::world::Answer;

/// One act. An element is named by its `data-testid`, or by a selector of CSS where it begins with `.`, `[` or `#`.
pub(crate) enum Act {
    /// Loads this address anew.
    Go(&'static str),
    /// Goes to a screen of the open safe by its link.
    Link(&'static str),
    /// Presses something.
    Click(&'static str),
    /// Fills a field.
    Type(&'static str, &'static str),
    /// Fills a field with the account's phrase.
    Phrase(&'static str),
    /// Waits for something.
    See(&'static str),
    /// Waits for its end.
    Gone(&'static str),
    /// Creates the account and is in its empty safe.
    Create,
    /// Opens the safe from the door.
    Open,
    /// The same, whatever comes of it.
    Knock,
    /// Adds documents of these names and waits until they are kept.
    Add(&'static [&'static str]),
    /// Adds so many documents more.
    AddMany(usize),
    /// Chooses a file, whatever comes of it.
    Choose(&'static str),
    /// Chooses a file, and leaves open what is asked about it.
    Offer(&'static str),
    /// The same with photographs.
    OfferPhotos(&'static [&'static str]),
    /// Gives the document of this screen a newer content.
    Renew,
    /// Opens the menu of a document.
    Menu(&'static str),
    /// Presses the name of a document.
    Ask(&'static str),
    /// The server alters its answers.
    Lie(fn(&str, &mut Answer)),
    /// The network is cut.
    Cut,
    /// The server is honest again, and the network there.
    Mend,
    /// Everything that this device kept of the page is erased.
    NewDevice,
    /// The operator takes a backup of the store.
    Backup,
    /// The operator puts that backup back, and says so.
    Restore,
    /// Files hang over the window.
    Drag,
    /// No file hangs over the window any more.
    DragEnd,
}
