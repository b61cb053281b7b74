//! Builder for routes with one handler per HTTP method.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::{FromRequest, Handler, Resource, Responder, guard, web};

use crate::problem::Problem;

/// A path with its handlers. Requests with other methods get 405, with the supported methods in `Allow`.
pub(crate) struct Methods {
    resource: Resource,
    allow: Vec<&'static str>,
}

/// Creates a path without handlers. Handlers are added with [`Methods::get`] and similar methods.
pub(crate) fn resource(path: &str) -> Methods {
    Methods { resource: web::resource(path.to_owned()), allow: Vec::new() }
}

macro_rules! methods {
    ($($name:ident: $method:literal),+) => {
        $(pub(crate) fn $name<F, Args>(self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.with(&[$method], web::$name().to(handler))
        })+
    };
}

impl Methods {
    methods!(post: "POST", put: "PUT", patch: "PATCH", delete: "DELETE");

    /// Registers the handler for GET and HEAD (RFC 9110 §9.3.2).
    pub(crate) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with(&["GET", "HEAD"], web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler))
    }

    fn with(mut self, methods: &[&'static str], route: actix_web::Route) -> Self {
        self.allow.extend(methods);
        Self { resource: self.resource.route(route), allow: self.allow }
    }
}

impl HttpServiceFactory for Methods {
    fn register(self, config: &mut AppService) {
        let allow = self.allow.join(", ");
        let refuse = move || {
            let problem = Problem::no_such_method(&allow);
            async move { problem }
        };
        self.resource.default_service(web::to(refuse)).register(config);
    }
}
