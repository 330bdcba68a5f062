//! Makes calls to the Harbor of a sandbox through the generated client, by the vendor's names.
//!
//! The first line of stdin is the JSON object that `imgtrack sandbox` prints first. Each further line is a
//! call: `{"operation": NAME, "parameters": {…}}`. Each answer is one line, as the generated client decoded
//! it: `{"answer": …}`, or `{"status": …, "code": …, "message": …}` of an error. `vendor-sdk/harbor.py`
//! compares the answers with those that other clients decode.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::io::BufRead;
use std::sync::Arc;

use harbor::{Harbor, Login};
use openapi_transport::Context;
use registry_tests::given::Given;
use registry_tests::service::service;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = std::io::stdin().lock().lines();
    let accounts: Value = serde_json::from_str(&lines.next().ok_or("no accounts")??)?;
    let text = |field: &str| accounts["harbor"][field].as_str().unwrap_or_default();
    let login = Login::new(text("username"), text("password"));
    let dialect = Arc::new(Harbor::new(login));
    let context = Context::builder(text("endpoint"), dialect)
        .rate_limit(None)
        .build()?;
    for line in lines {
        let call: Value = serde_json::from_str(&line?)?;
        let parameters = call["parameters"].as_object().cloned();
        let given = Given {
            parameters: parameters.unwrap_or_default(),
            body: call.get("body").cloned(),
        };
        let operation = call["operation"].as_str().unwrap_or_default();
        let result = (service("harbor/harbor").call)(context.clone(), operation, &given).await;
        let answer = match result {
            Ok(answer) => json!({"answer": answer}),
            Err(error) => json!({
                "status": error.status(),
                "code": error.code(),
                "message": error.message(),
            }),
        };
        println!("{answer}");
    }
    Ok(())
}
