//! The name of a deployment's log: which deployment, and how often it went on from a backup. spec/log.md sections 4 and 6.
//!
//! ```text
//! civis/<deployment_id>          the first log
//! civis/<deployment_id>/g<n>     the n-th, from 2: after the log before went on from a backup
//! ```

use core::fmt;

use base64::BASE64URL_NOPAD;

use crate::id::Id;

/// The name of one generation of a deployment's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Whose.
    pub deployment_id: Id,
    /// From 1.
    pub generation: u32,
}

impl Origin {
    /// Reads a name in its one form; `None` for that of any other log.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(BEFORE)?;
        let (id, generation) = match rest.split_once(GENERATION) {
            Some((id, number)) => (id, number.parse().ok()?),
            None => (rest, 1),
        };
        let origin = Self {
            deployment_id: BASE64URL_NOPAD.decode(id.as_bytes()).ok()?.try_into().ok()?,
            generation,
        };
        // One form: no leading zero, no sign, no first generation that says so, and none before it.
        (generation > 0 && origin.to_string() == name).then_some(origin)
    }

    /// How many generations lie between this log and a later one of the same deployment; `None` where it is not.
    #[must_use]
    pub fn steps_to(&self, later: &Self) -> Option<u32> {
        let steps = later.generation.checked_sub(self.generation)?;
        (self.deployment_id == later.deployment_id && steps > 0).then_some(steps)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEFORE}{}", BASE64URL_NOPAD.encode(&self.deployment_id))?;
        match self.generation {
            1 => Ok(()),
            generation => write!(f, "{GENERATION}{generation}"),
        }
    }
}

const BEFORE: &str = "civis/";
const GENERATION: &str = "/g";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        for generation in [1, 2, 10, u32::MAX] {
            let origin = Origin {
                deployment_id: [7; 16],
                generation,
            };
            assert_eq!(Origin::parse(&origin.to_string()), Some(origin));
        }
        let first = Origin {
            deployment_id: [7; 16],
            generation: 1,
        };
        let name = first.to_string();
        for other in [
            format!("{name}/g1"),
            format!("{name}/g0"),
            format!("{name}/g02"),
            format!("{name}/g+2"),
            format!("{name}/g4294967296"),
            format!("{name}/g2/g3"),
            format!("{name}/"),
            format!("{name}A"),
            name.replace("civis", "Civis"),
            "civis/AAAA".to_owned(),
            String::new(),
        ] {
            assert_eq!(Origin::parse(&other), None, "{other}");
        }
    }

    #[test]
    fn a_later_log_is_one_of_the_same_deployment() {
        let of = |id, generation| Origin {
            deployment_id: [id; 16],
            generation,
        };
        assert_eq!(of(1, 1).steps_to(&of(1, 3)), Some(2));
        assert_eq!(of(1, 2).steps_to(&of(1, 2)), None);
        assert_eq!(of(1, 3).steps_to(&of(1, 2)), None);
        assert_eq!(of(1, 1).steps_to(&of(2, 2)), None);
    }
}
