//! Measures the round trips of a listing of 100 pages from a server that answers each after 20 ms, with
//! a plain loop and with the default settings of a registry.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use registry_replication::alibabacloud::client;
use registry_replication::{Context, Task, alibabacloud};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGES: u64 = 100;
const SIZE: u64 = 10;
const TRIP: Duration = Duration::from_millis(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    // The default prefetches 4 pages.
    for ahead in [0, 4] {
        let registry = alibabacloud::AlibabaCr::builder()
            .endpoint(&endpoint)
            .instance("cri-1")
            .credentials(alibabacloud::Credentials::new("id", "secret"))
            .build()
            .await?;
        let begun = Instant::now();
        let tasks = registry
            .tasks(alibabacloud::TaskQuery::default())
            .page_size(u32::try_from(SIZE)?)
            .ahead(ahead);
        let tasks: Vec<Task> = tasks.by_item().try_collect().await?;
        let trips = begun.elapsed().as_secs_f64() / TRIP.as_secs_f64();
        println!(
            "ahead {ahead}: {} records in {trips:.0} round trips",
            tasks.len()
        );
    }
    let provider = Arc::new(client::Alibabacloud::new(client::Credentials::new(
        "id", "key",
    )));
    let context = Context::builder(&endpoint, provider).rate_limit(None);
    let client = client::cr::Client::new(context.build()?);
    let begun = Instant::now();
    for page in 1..=PAGES {
        let call = client.list_repo_sync_task().instance_id("cri-1");
        call.page_no(page)
            .page_size(u32::try_from(SIZE)?)
            .send()
            .await?;
    }
    let trips = begun.elapsed().as_secs_f64() / TRIP.as_secs_f64();
    println!("a plain loop: {trips:.0} round trips");
    Ok(())
}

async fn serve(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 16_384];
    loop {
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        let head = String::from_utf8_lossy(&bytes[..count]).into_owned();
        let number = |name: &str| {
            let (_, rest) = head.split_once(name)?;
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse::<u64>().ok()
        };
        let page = number("PageNo=").unwrap_or(1);
        let size = number("PageSize=").unwrap_or(SIZE);
        let first = (page - 1) * size;
        let records = (first..(first + size).min(PAGES * SIZE)).map(|id| {
            json!({"SyncTaskId": format!("rst-{id}"), "TaskStatus": "SUCCESS",
                "CreateTime": 1_700_000_000_000_u64 - id})
        });
        let body = json!({"IsSuccess": true, "TotalCount": PAGES * SIZE, "PageNo": page,
            "PageSize": size, "SyncTasks": records.collect::<Vec<_>>()})
        .to_string();
        tokio::time::sleep(TRIP).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await?;
    }
}
