//! How `viewerCan` tells a client what the policy says.

use async_graphql::SimpleObject;

use super::error::Reason;

/// Whether the viewer may do something now, and if not, why.
#[derive(SimpleObject, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionPermission {
    /// Whether it is allowed.
    allowed: bool,
    /// Why not; null if it is.
    reason: Option<Reason>,
}

impl From<Result<(), Reason>> for ActionPermission {
    fn from(verdict: Result<(), Reason>) -> Self {
        Self {
            allowed: verdict.is_ok(),
            reason: verdict.err(),
        }
    }
}
