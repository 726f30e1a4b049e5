//! Where lists go on: said by the service, and shown to it again.

/// Recognizes what the service has said itself.
pub trait Cursors: Send + Sync {
    /// The mark of a place in a list, which nobody else can make.
    fn sign(&self, place: &[u8]) -> [u8; 16];

    /// Is this the mark of that place? How long it takes tells nothing of how much of it is right.
    fn verify(&self, place: &[u8], mark: &[u8; 16]) -> bool;
}
