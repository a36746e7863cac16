//! Icons: the closed list that the sprite is made from (`client/bundle.mjs` reads the names here), and how one is shown.
//! May not draw shapes itself: they come from Lucide, the marks of Civis from `assets/marks.svg`.

use leptos::prelude::*;

use crate::platform::page;

/// Every icon of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// The logo.
    Logo,
    /// A sealed document.
    SealClosed,
    /// A document being sealed.
    SealTurning,
    /// A refused document.
    SealCracked,
    /// Nothing sealed yet.
    SealHollow,
    /// The safe.
    Archive,
    /// Go back.
    ArrowLeft,
    /// Later.
    ArrowDown,
    /// Earlier.
    ArrowUp,
    /// A parcel.
    Box,
    /// Take a photograph.
    Camera,
    /// Done.
    Check,
    /// Fold or unfold.
    ChevronDown,
    /// The page before.
    ChevronLeft,
    /// The page after.
    ChevronRight,
    /// An error.
    CircleAlert,
    /// Success.
    CircleCheck,
    /// A moment.
    Clock,
    /// Save to this device.
    Download,
    /// Show.
    Eye,
    /// Hide.
    EyeOff,
    /// A written document.
    FileText,
    /// A newer content.
    FileUp,
    /// Any other document.
    File,
    /// What its bytes add up to.
    Fingerprint,
    /// Put elsewhere.
    FolderInput,
    /// A picture.
    Image,
    /// A remark.
    Info,
    /// The phrase.
    Key,
    /// The recovery sheet.
    LifeBuoy,
    /// Lock.
    Lock,
    /// This device.
    Monitor,
    /// The dark theme.
    Moon,
    /// More to do.
    More,
    /// Rename.
    Pencil,
    /// Add.
    Plus,
    /// Print.
    Printer,
    /// Again.
    Refresh,
    /// Take back.
    Restore,
    /// Turn a quarter.
    RotateCw,
    /// Search.
    Search,
    /// Settings.
    Settings,
    /// The light theme.
    Sun,
    /// The bin.
    Trash,
    /// A decision is needed.
    Triangle,
    /// Work.
    Briefcase,
    /// An end date.
    Calendar,
    /// A vehicle.
    Car,
    /// A folder.
    Folder,
    /// A new folder.
    FolderPlus,
    /// Studies.
    GraduationCap,
    /// Health.
    HeartPulse,
    /// The home.
    House,
    /// Who one is.
    IdCard,
    /// Taxes.
    Landmark,
    /// Choose several.
    ListChecks,
    /// Hold.
    Pause,
    /// Bills.
    Receipt,
    /// A tag.
    Tag,
    /// The family.
    Users,
    /// Close.
    X,
    /// Larger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
}

impl Icon {
    /// The symbol's name in the sprite.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logo => "logo",
            Self::SealClosed => "seal-closed",
            Self::SealTurning => "seal-turning",
            Self::SealCracked => "seal-cracked",
            Self::SealHollow => "seal-hollow",
            Self::Archive => "archive",
            Self::ArrowLeft => "arrow-left",
            Self::ArrowDown => "arrow-down",
            Self::ArrowUp => "arrow-up",
            Self::Box => "box",
            Self::Camera => "camera",
            Self::Check => "check",
            Self::ChevronDown => "chevron-down",
            Self::ChevronLeft => "chevron-left",
            Self::ChevronRight => "chevron-right",
            Self::CircleAlert => "circle-alert",
            Self::CircleCheck => "circle-check",
            Self::Clock => "clock",
            Self::Download => "download",
            Self::Eye => "eye",
            Self::EyeOff => "eye-off",
            Self::FileText => "file-text",
            Self::FileUp => "file-up",
            Self::File => "file",
            Self::Fingerprint => "fingerprint-pattern",
            Self::FolderInput => "folder-input",
            Self::Image => "image",
            Self::Info => "info",
            Self::Key => "key-round",
            Self::LifeBuoy => "life-buoy",
            Self::Lock => "lock",
            Self::Monitor => "monitor",
            Self::Moon => "moon",
            Self::More => "ellipsis-vertical",
            Self::Pencil => "pencil",
            Self::Plus => "plus",
            Self::Printer => "printer",
            Self::Refresh => "refresh-cw",
            Self::Restore => "undo-2",
            Self::RotateCw => "rotate-cw",
            Self::Search => "search",
            Self::Settings => "settings",
            Self::Sun => "sun",
            Self::Trash => "trash-2",
            Self::Triangle => "triangle-alert",
            Self::Briefcase => "briefcase",
            Self::Calendar => "calendar-clock",
            Self::Car => "car",
            Self::Folder => "folder",
            Self::FolderPlus => "folder-plus",
            Self::GraduationCap => "graduation-cap",
            Self::HeartPulse => "heart-pulse",
            Self::House => "house",
            Self::IdCard => "id-card",
            Self::Landmark => "landmark",
            Self::ListChecks => "list-checks",
            Self::Pause => "circle-pause",
            Self::Receipt => "receipt-text",
            Self::Tag => "tag",
            Self::Users => "users",
            Self::X => "x",
            Self::ZoomIn => "zoom-in",
            Self::ZoomOut => "zoom-out",
        }
    }
}

/// One icon, silent for readers: the word beside it, or the button's label, speaks.
#[component]
pub fn Svg(
    /// Which.
    #[prop(into)]
    icon: Signal<Icon>,
    /// 24 px in place of 20.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let class = if large { "icon-lg" } else { "icon" };
    view! {
        <svg class=class aria-hidden="true">
            <use href=move || page::drawing("icons", icon.get().name())></use>
        </svg>
    }
}
