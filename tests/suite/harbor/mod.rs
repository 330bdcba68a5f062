//! Tests of Harbor alone.

mod answers;
mod arrival;
pub(crate) mod decode;
mod program;
pub(crate) mod retries;
mod secrets;
pub(crate) mod terminal;

use serde_json::json;

use crate::wire::is_escaped;

/// Options of the program for Harbor in the sandbox.
pub(crate) const OPTIONS: [&str; 3] = ["--registry", "harbor", "--sandbox"];

#[tokio::test]
async fn names_are_escaped() {
    let odd = json!({
        "project_name": "a b", "repository_name": "a/b c/版本", "reference": "v1+2",
        "tag_name": "v1 2",
    });
    let line = "DELETE /api/v2.0/projects/a%20b/repositories/a%252Fb%20c%252F%E7%89%88%E6%9C%AC/\
                artifacts/v1%2B2/tags/v1%202 HTTP/1.1";
    is_escaped("harbor/harbor", "deleteTag", &odd, line).await;
    let odd = json!({"q": "name=~a b,id={1 2},x=[1~2]&page=9", "sort": "-id,name"});
    let line = "GET /api/v2.0/registries?q=name%3D~a%20b%2Cid%3D%7B1%202%7D%2Cx%3D%5B1~2%5D%26page%3D9\
                &sort=-id%2Cname HTTP/1.1";
    is_escaped("harbor/harbor", "listRegistries", &odd, line).await;
}
