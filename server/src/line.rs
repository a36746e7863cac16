//! One connection's bytes, with a bound on how slowly its other end may take them.
//!
//! Reading has its bounds elsewhere: the head of a request in `serve.rs`, its body in `extract.rs`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose writes fail when the other end takes next to nothing for a while.
pub(crate) struct Line<S> {
    stream: S,
    /// Runs from the first write that had to wait, until enough was taken or everything.
    waiting: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl<S> Line<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            waiting: None,
            taken: 0,
        }
    }

    fn watch(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if self.taken >= PACE_BYTES {
                    self.waiting = None;
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let taken = &mut self.taken;
                let waiting = self.waiting.get_or_insert_with(|| {
                    *taken = 0;
                    Box::pin(tokio::time::sleep(PATIENCE))
                });
                ready!(waiting.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Everything was taken: the next answer begins anew.
        self.waiting = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How long the other end may take less than [`PACE_BYTES`].
const PATIENCE: Duration = Duration::from_secs(30);
/// Far below any line that a page loads over, far above what holds an answer for hours.
const PACE_BYTES: usize = 32 << 10;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_or_next_to_nothing_is_hung_up_on() {
        let (near, mut far) = duplex(1_024);
        let begun = Instant::now();
        let error = Line::new(near).write_all(&[0; 1 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), 30);

        let (near, mut drop_by_drop) = duplex(1_024);
        let begun = Instant::now();
        let reader = tokio::spawn(async move {
            let mut one = [0; 100];
            while drop_by_drop.read(&mut one).await.is_ok_and(|read| read > 0) {
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(Line::new(near).write_all(&[0; 1 << 20]).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 30);
        reader.abort();
        let _ = far.read(&mut [0]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_is_none_of_these() {
        let (near, mut far) = duplex(1_024);
        let reader = tokio::spawn(async move {
            let mut piece = vec![0; 4_096];
            let mut all = 0;
            while let Ok(read @ 1..) = far.read(&mut piece).await {
                all += read;
                sleep(Duration::from_millis(500)).await;
            }
            all
        });
        let mut line = Line::new(near);
        for _ in 0..4 {
            line.write_all(&[0; 100_000]).await.unwrap();
            line.flush().await.unwrap();
            // A pause between two answers is nobody's slowness.
            sleep(Duration::from_secs(60)).await;
        }
        drop(line);
        assert_eq!(reader.await.unwrap(), 400_000);
    }
}
