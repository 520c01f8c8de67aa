//! What HTTP and sockets do alike: from parameters to a request that the schema can run.

use std::sync::Arc;

use async_graphql::{Executor, Name, Request, Response, ServerError, Value, Variables, parser::types::OperationType};

use super::{
    Door, Introspection, RequestId,
    answer::{self, invalid},
    client::{Caller, Client},
    cost,
    document::Document,
    params::Params,
    record::Record,
    types::Types,
};
use crate::platform::{
    db::Reader,
    error::{Error, Result},
    feed::Selection,
    rate::Grant,
};

/// An operation that may run.
pub(super) struct Operation {
    plan: Plan,
    request: Request,
    variables: Variables,
    /// What kind of operation.
    pub kind: OperationType,
    /// The points that it costs.
    cost: u64,
}

/// What was asked for, and so what an answer must look like.
pub(super) struct Plan {
    document: Arc<Document>,
    name: Option<String>,
    /// The variables that are true or false.
    conditions: Box<[(Name, bool)]>,
}

impl Plan {
    /// A request for it, without the data that resolvers look for.
    ///
    /// # Errors
    /// Large variables are used too often: not if there was a request with these values already.
    pub(super) fn request(&self, types: &Types, variables: &Variables) -> std::result::Result<Request, ServerError> {
        let mut request = Request::new("");
        request.operation_name.clone_from(&self.name);
        request.set_parsed_query(self.document.tree(types, self.name.as_deref(), variables)?);
        Ok(request)
    }

    /// What is selected of the one root field, whatever its arguments are.
    pub(super) fn selection(&self, variables: &Variables) -> Selection {
        self.document.selection(self.name.as_deref(), variables)
    }

    /// Completes an answer.
    pub(super) fn complete(&self, types: &Types, response: &mut Response) {
        if let Some(operation) = self.document.named(self.name.as_deref()) {
            types.complete(&self.document.parsed, operation, &self.conditions, response);
        }
    }
}

/// What an operation took from the caller's budget.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    /// Points that it costs.
    pub requested: u64,
    /// Points of a full budget.
    pub limit: u64,
    /// What is left, and when it is full again.
    pub grant: Grant,
}

impl Operation {
    /// Checks the document and notes what it is. Nothing is asked of the database for a document that is refused.
    pub(super) fn read<E: Executor>(
        door: &Door<E>,
        caller: Option<&Caller>,
        params: Params,
        record: &mut Record,
    ) -> std::result::Result<Self, Vec<ServerError>> {
        let may_introspect = match door.options.introspection {
            Introspection::Everyone => true,
            Introspection::SignedIn => caller.is_some(),
            Introspection::Nobody => false,
        };
        let limits = &door.options.document;
        let document = door.documents.read(&door.types, &params, limits, may_introspect)?;
        let (name, operation) = document.operation(&params).map_err(|error| vec![error])?;
        let (kind, name) = (operation.ty, name.map(ToString::to_string));
        record.operation(kind, name.as_deref());
        if document.introspects && !may_introspect {
            let error = match (door.options.introspection, caller) {
                (Introspection::SignedIn, None) => answer::from(Error::Unauthenticated),
                _ => answer::with_code("FORBIDDEN", "The schema can't be asked for here."),
            };
            return Err(vec![error]);
        }
        if let Some(message) = params.misfit() {
            return Err(vec![invalid(message)]);
        }
        let variables = Document::variables(&door.types, operation, params.variables, may_introspect);
        let variables = variables.map_err(|error| vec![error])?;
        let cost = cost::of(&door.types, &document.parsed, operation, &variables);
        let most = door.options.max_cost;
        if cost > most {
            let message = format!("The answer could hold {cost} objects: ask for shorter pages. At most {most}.");
            return Err(vec![invalid(message)]);
        }
        let conditions = variables.iter().filter_map(|(name, value)| match value {
            Value::Boolean(value) => Some((name.clone(), *value)),
            _ => None,
        });
        let plan = Plan {
            document,
            name,
            conditions: conditions.collect(),
        };
        Ok(Self {
            request: plan.request(&door.types, &variables).map_err(|error| vec![error])?,
            plan,
            variables,
            kind,
            cost,
        })
    }

    /// Whether it is a subscription.
    pub(super) fn is_subscription(&self) -> bool {
        self.kind == OperationType::Subscription
    }

    /// Takes what it costs from the budget of the account, or of the address for whoever is not signed in.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub(super) async fn charge<E>(
        &self,
        door: &Door<E>,
        (caller, client): (Option<&Caller>, &Client),
        record: &mut Record,
    ) -> Result<()> {
        let (key, budget) = match caller {
            Some(caller) => (format!("account:{}", caller.account.simple()), door.options.budget),
            None => (format!("address:{}", client.network()), door.options.anonymous_budget),
        };
        let grant = door.rates.take(budget, &key, self.cost).await;
        record.charge = Some(Charge {
            requested: self.cost,
            limit: budget.points,
            grant,
        });
        if grant.wait.is_zero() {
            Ok(())
        } else {
            Err(Error::RateLimited(grant.wait))
        }
    }

    /// A request that can run.
    pub(super) fn request<E>(
        self,
        door: &Door<E>,
        reader: Arc<Reader>,
        client: Client,
        id: &RequestId,
    ) -> (Request, Plan) {
        (with_data(self.request, door, reader, client, id), self.plan)
    }

    /// What was asked for, its request, without the data that resolvers look for, and its variables.
    pub(super) fn into_parts(self) -> (Plan, Request, Variables) {
        (self.plan, self.request, self.variables)
    }
}

/// Adds what resolvers find in their context.
pub(super) fn with_data<E>(
    request: Request,
    door: &Door<E>,
    reader: Arc<Reader>,
    client: Client,
    id: &RequestId,
) -> Request {
    let request = request.data(reader).data(door.db.clone());
    request.data(client).data(id.clone())
}

/// The token of `Bearer <token>`.
pub(super) fn bearer(authorization: &str) -> Result<&str> {
    let (scheme, token) = authorization.trim().split_once(' ').ok_or(Error::Unauthenticated)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(Error::Unauthenticated)
    }
}
