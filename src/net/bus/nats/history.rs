//! The last messages of a subject, from `JetStream`. Its interface is JSON over requests
//! (<https://docs.nats.io/reference/reference-protocols/nats_api_reference>).

use async_nats::Client;
use async_nats::client::RequestErrorKind;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Bytes that the stream of a room keeps.
const MAX_BYTES: u64 = 64 << 20;
/// Messages that are looked at, at most: each is a question to the server.
const MAX_MESSAGES: u64 = 4096;

/// See [`super::Bus::recall`]. Makes a stream of the subject where there is none.
pub async fn recall(
    client: &Client,
    subject: &str,
    more: &mut dyn FnMut(Vec<u8>) -> bool,
) -> Result<(), String> {
    let name = stream(client, subject).await?;
    let info = ask(client, &format!("STREAM.INFO.{name}"), &Value::Null).await?;
    let number = |field: &str| info["state"][field].as_u64().unwrap_or_default();
    let (first, last) = (number("first_seq").max(1), number("last_seq"));
    for seq in (first..=last).rev().take(usize::try_from(MAX_MESSAGES).unwrap_or(usize::MAX)) {
        let request = json!({ "seq": seq });
        // One may be deleted.
        let Ok(found) = ask(client, &format!("STREAM.MSG.GET.{name}"), &request).await else { continue };
        let message = &found["message"];
        let data = message["data"].as_str().and_then(|data| STANDARD.decode(data).ok());
        if let Some(data) = data.filter(|_| message["subject"] == subject)
            && !more(data)
        {
            break;
        }
    }
    Ok(())
}

/// The name of the stream that holds a subject; made if there is none.
async fn stream(client: &Client, subject: &str) -> Result<String, String> {
    let names = ask(client, "STREAM.NAMES", &json!({ "subject": subject })).await?;
    if let Some(name) = names["streams"][0].as_str().filter(|name| is_token(name)) {
        return Ok(name.to_owned());
    }
    let name = subject.replace('.', "-");
    let config = json!({
        "name": name, "subjects": [subject], "retention": "limits", "storage": "file", "discard": "old",
        "max_bytes": MAX_BYTES, "num_replicas": 1,
    });
    ask(client, &format!("STREAM.CREATE.{name}"), &config).await?;
    Ok(name)
}

/// Whether a name can be a part of a subject.
fn is_token(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || ".*>".contains(c))
}

async fn ask(client: &Client, what: &str, request: &Value) -> Result<Value, String> {
    let payload = if request.is_null() { Vec::new() } else { request.to_string().into_bytes() };
    let answer = client.request(format!("$JS.API.{what}"), payload.into()).await;
    let answer = answer.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => "the server has no JetStream".to_owned(),
        _ => format!("JetStream: {error}"),
    })?;
    let answer: Value =
        serde_json::from_slice(&answer.payload).map_err(|_| "JetStream: no JSON".to_owned())?;
    match answer["error"]["description"].as_str() {
        Some(why) => Err(format!("JetStream: {why}")),
        None => Ok(answer),
    }
}
