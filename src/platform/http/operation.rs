//! What HTTP and sockets do alike: from parameters to a request that the schema can run.

use std::sync::Arc;

use async_graphql::{
    Request, Response, ServerError,
    parser::types::{ExecutableDocument, OperationType},
};

use super::{RequestId, complete::Types, document, params::Params, record::Record};
use crate::platform::{
    db::{Db, Reader},
    error::Error,
};

/// An operation that may run.
pub(super) struct Operation {
    request: Request,
    plan: Plan,
    /// What kind of operation.
    pub kind: OperationType,
}

/// What an answer must look like.
pub(super) struct Plan {
    document: ExecutableDocument,
    name: Option<String>,
}

impl Plan {
    /// Completes an answer.
    pub(super) fn complete(&self, types: &Types, response: &mut Response) {
        types.complete(&self.document, self.name.as_deref(), response);
    }
}

impl Operation {
    /// Checks the document and notes what it is.
    pub(super) fn read(params: Params, limits: &document::Limits, record: &mut Record) -> Result<Self, ServerError> {
        let checked = document::check(&params, limits)?;
        record.operation(checked.kind, checked.name.as_deref());
        let mut request = Request::new(params.query).variables(params.variables);
        request.operation_name = params.operation_name;
        let plan = Plan {
            document: checked.document.clone(),
            name: checked.name,
        };
        request.set_parsed_query(checked.document);
        let kind = checked.kind;
        Ok(Self { request, plan, kind })
    }

    /// Whether it is a subscription.
    pub(super) fn is_subscription(&self) -> bool {
        self.kind == OperationType::Subscription
    }

    /// Adds what resolvers find in their context.
    pub(super) fn request(self, reader: Arc<Reader>, db: &Db, id: &RequestId) -> (Request, Plan) {
        let request = self.request.data(reader).data(db.clone()).data(id.clone());
        (request, self.plan)
    }
}

/// The token of `Bearer <token>`.
pub(super) fn bearer(authorization: &str) -> Result<&str, Error> {
    let (scheme, token) = authorization.trim().split_once(' ').ok_or(Error::Unauthenticated)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(Error::Unauthenticated)
    }
}
