//! Makes calls to a service through its generated client, by the vendor's names.
//!
//! The first line of stdin is a JSON object of accounts, as `imgtrack sandbox` prints it first. It can also
//! have an account of `amazon-ecr`. Each further line is a call:
//! `{"operation": NAME, "service": …, "parameters": {…}, "body": …}`. The default service is Harbor's. Each
//! answer is one line, as the generated client decoded it: `{"answer": …}`, or
//! `{"status": …, "code": …, "message": …, "absent": …}` of an error. `vendor-sdk/harbor.py` and
//! `vendor-sdk/amazon.py` compare the answers with those that other clients decode.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::io::BufRead;
use std::sync::Arc;

use amazon_ecr::{Amazon, Credentials};
use harbor::{Harbor, Login};
use openapi_transport::{Context, RetryPolicy};
use registry_tests::given::Given;
use registry_tests::service::{Service, service};
use serde_json::{Value, json};

const HARBOR: &str = "harbor/harbor";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = std::io::stdin().lock().lines();
    let accounts: Value = serde_json::from_str(&lines.next().ok_or("no accounts")??)?;
    for line in lines {
        let call: Value = serde_json::from_str(&line?)?;
        let service = service(call["service"].as_str().unwrap_or(HARBOR));
        let context = context(service, &accounts[service.client()])?;
        let parameters = call["parameters"].as_object().cloned();
        let given = Given {
            parameters: parameters.unwrap_or_default(),
            body: call.get("body").cloned(),
        };
        let operation = call["operation"].as_str().unwrap_or_default();
        let result = (service.call)(context, operation, &given).await;
        let answer = match result {
            Ok(answer) => json!({"answer": answer}),
            Err(error) => json!({
                "status": error.status(),
                "code": error.code(),
                "message": error.message(),
                "absent": error.is_absent(),
            }),
        };
        println!("{answer}");
    }
    Ok(())
}

/// Makes the context of a service from its account.
fn context(service: &Service, account: &Value) -> Result<Context, Box<dyn Error>> {
    let text = |field: &str| account[field].as_str().unwrap_or_default();
    let endpoint = text("endpoint");
    let builder = match service.client() {
        "harbor" => {
            let login = Login::new(text("username"), text("password"));
            Context::builder(endpoint, Arc::new(Harbor::new(login)))
        }
        "amazon-ecr" => {
            let mut key = Credentials::new(text("access_key_id"), text("secret_access_key"));
            if let Some(token) = account["session_token"].as_str() {
                key = key.session_token(token);
            }
            let dialect = Arc::new(Amazon::new(key, text("region")));
            // The first answer counts, even if it is an error of the server.
            Context::builder(endpoint, dialect).retry(RetryPolicy::never())
        }
        other => return Err(format!("no account of {other}").into()),
    };
    Ok(builder.rate_limit(None).build()?)
}
