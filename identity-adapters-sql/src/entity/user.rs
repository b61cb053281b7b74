use identity_core::entity::User;
use identity_core::value::{Email, Name, PasswordHash, Username};
use serde_json::{Value, json};

use super::{JsonRow, Stored};
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for User {
    const TABLE: Table = Table { name: "users", key: &["username"], columns: &["name", "email", "password"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            username: Username::parse(row.text("username")?)?,
            name: row.optional_text("name")?.map(Name::parse).transpose()?,
            email: row.optional_text("email")?.map(Email::parse).transpose()?,
            password: PasswordHash::new(row.text("password")?.to_owned()),
        })
    }
}

impl JsonRow for User {
    fn to_row(&self) -> Value {
        let Self { username, name, email, password } = self;
        json!({"username": username, "name": name, "email": email, "password": password})
    }
}
