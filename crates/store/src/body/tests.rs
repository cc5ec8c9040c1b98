use std::future::Future;
use std::path::Path;

use super::*;
use crate::disk::Disk;

fn spool(dir: &Path, reserve_bytes: u64) -> Arc<Spool> {
    for shard in 0..=255 {
        std::fs::create_dir_all(body_path(dir, shard).parent().unwrap()).unwrap();
    }
    Arc::new(Spool::new(dir, 1, Arc::new(Disk::new(dir, reserve_bytes))))
}

async fn written(spool: &Arc<Spool>, pieces: &[usize]) -> Result<PreparedBody> {
    let mut writer = BodyWriter::spooled(spool.clone());
    for len in pieces {
        writer.write(vec![b'x'; *len].into()).await?;
    }
    writer.finish().await
}

fn is_in_memory(body: &PreparedBody) -> bool {
    matches!(body.content, Content::Memory(_))
}

#[tokio::test]
async fn at_the_inline_ceiling_in_memory_one_past_it_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(dir.path(), 0);
    let at = written(&spool, &[BODY_INLINE_BYTES_MAX]).await.unwrap();
    assert!(is_in_memory(&at));
    let past = written(&spool, &[BODY_INLINE_BYTES_MAX, 1]).await.unwrap();
    assert!(!is_in_memory(&past));
    assert_eq!(past.len(), BODY_INLINE_BYTES_MAX as u64 + 1);
}

#[tokio::test]
async fn what_waits_in_memory_is_less_than_a_chunk() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = BodyWriter::spooled(spool(dir.path(), 0));
    for _ in 0..100 {
        writer.write(vec![b'x'; 50_000].into()).await.unwrap();
        let Some(waiting) = writer.waiting() else { panic!("broken") };
        assert!(waiting.len() < BODY_CHUNK_BYTES);
    }
    assert_eq!(writer.finish().await.unwrap().len(), 5_000_000);
}

#[tokio::test]
async fn s25_what_is_longer_than_a_size_can_be_is_refused() {
    let mut writer = BodyWriter::in_memory();
    writer.len = u64::from(u32::MAX) - 1;
    writer.write(Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(writer.write(Bytes::from_static(b"x")).await, Err(TOO_LONG));
    assert!(writer.finish().await.is_err());
}

#[tokio::test]
async fn c4_a_full_disk_is_told_while_the_message_arrives() {
    let dir = tempfile::tempdir().unwrap();
    let refused = written(&spool(dir.path(), u64::MAX), &[100_000]).await;
    assert_eq!(refused.unwrap_err(), StoreError::Full);
}

#[tokio::test]
async fn a_write_given_up_half_way_breaks_the_writer_and_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(dir.path(), 0);
    // On a busy machine the disk's thread can be done before this one looks: then it is no half way.
    for id in 1..=100 {
        let mut writer = BodyWriter::spooled(spool.clone());
        if is_given_up(&mut writer).await {
            let refused = writer.write(Bytes::new()).await;
            assert!(matches!(refused, Err(StoreError::Unavailable(_))));
            drop(writer);
            return gone(&body_path(dir.path(), id)).await;
        }
    }
    panic!("no write could be given up");
}

/// Looks once at a large write and gives it up, if it was not done by then.
async fn is_given_up(writer: &mut BodyWriter) -> bool {
    let mut write = Box::pin(writer.write(vec![b'x'; 1_000_000].into()));
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(write.as_mut().poll(context).is_pending())
    })
    .await
}

async fn gone(path: &std::path::Path) {
    for _ in 0..1_000 {
        if !path.exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the file is still there");
}
