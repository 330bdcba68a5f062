//! Trial only.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = registry_sandbox::Options::default().listen("127.0.0.1:18099".parse().unwrap());
    let s = registry_sandbox::Sandbox::start(options).await.unwrap();
    eprintln!("{}", serde_json::to_string(s.accounts()).unwrap());
    s.stopped().await;
}
