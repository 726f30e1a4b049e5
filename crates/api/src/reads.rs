//! What handlers read of a request, as their arguments say it.

use crate::{openapi::Description, problem::Kind};
use actix_web::{HttpRequest, web::Data};

/// An argument of a handler, or all of them. One that does not say what it reads is none.
pub trait Reads {
    /// Are parameters of the query read? Where none are, none may be sent.
    const QUERY: bool = false;

    /// Is the request recognized when it comes again?
    const KEYED: bool = false;

    /// Writes into the description what is read, and how it is refused.
    fn describe(description: &mut Description<'_>);
}

/// Whatever is called may fail as the store does.
impl<T: ?Sized> Reads for Data<T> {
    fn describe(description: &mut Description<'_>) {
        description.refuses(&[Kind::Internal, Kind::Corrupt, Kind::Unavailable]);
    }
}

impl Reads for HttpRequest {
    fn describe(_: &mut Description<'_>) {}
}

macro_rules! all {
    ($($argument:ident)*) => {
        impl<$($argument: Reads),*> Reads for ($($argument,)*) {
            const QUERY: bool = false $(|| $argument::QUERY)*;
            const KEYED: bool = false $(|| $argument::KEYED)*;

            fn describe(_description: &mut Description<'_>) {
                $($argument::describe(_description);)*
            }
        }
    };
}

all!();
all!(A);
all!(A B);
all!(A B C);
all!(A B C D);
all!(A B C D E);
all!(A B C D E F);
all!(A B C D E F G);
