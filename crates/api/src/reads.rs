//! What handlers read of a request, as their arguments say it.

use actix_web::{HttpRequest, web::Data};

/// An argument of a handler, or all of them.
pub trait Reads {
    /// Are parameters of the query read? Where none are, none may be sent.
    const QUERY: bool = false;
}

impl<T: ?Sized> Reads for Data<T> {}
impl Reads for HttpRequest {}

macro_rules! all {
    ($($argument:ident)*) => {
        impl<$($argument: Reads),*> Reads for ($($argument,)*) {
            const QUERY: bool = false $(|| $argument::QUERY)*;
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
