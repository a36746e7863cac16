//! `civis-server`: reads the settings, opens the data folder, serves. Everything else is in the library.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use server::Config;
use server::config::{Action, ConfigError, Invocation, Restored};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let invocation = match Invocation::read(std::env::args_os(), std::env::vars()) {
        Ok(invocation) => invocation,
        Err(ConfigError::Flags(text)) => text.exit(),
        Err(error) => return fail(&error),
    };
    let done = match &invocation.action {
        Action::Serve => serve(&invocation.config).await,
        Action::Scrub => scrub(&invocation.config).await,
        Action::Restored(with) => restored(&invocation.config, with).await,
        Action::State(text) => statement(&invocation.config, text).await,
        Action::ShowConfig => say(&invocation.to_string()).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| fail(error.as_ref()))
}

async fn serve(config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    server::start_log(config.log);
    let state = server::open(config).await?;
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!("stopping");
    };
    server::serve(state, listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}

async fn statement(config: &Config, text: &str) -> Result<ExitCode, Box<dyn Error>> {
    let index = server::state_to_all(config, text).await?;
    say(&format!("said in entry {index} of the log\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 says that something does not match its checksum.
async fn scrub(config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    let (store, _lock) = server::open_store(config).await?;
    let report = store.scrub(Duration::ZERO).await?;
    say(&format!(
        "{} records and parts read, {} bytes, {} faults\n",
        report.read, report.bytes, report.found
    ))?;
    for finding in &report.findings {
        say(&format!("{finding}\n"))?;
    }
    Ok(if report.found == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Without a yes it says what it would do, and leaves everything as it is.
async fn restored(config: &Config, with: &Restored) -> Result<ExitCode, Box<dyn Error>> {
    let plan = server::restore(config, with).await?;
    say(&format!(
        "the log {} is known to have had {} entries; this backup holds {} of them\n",
        plan.before, plan.size, plan.kept
    ))?;
    if with.yes {
        say(&format!(
            "it goes on as {}: the server can be started\n",
            plan.after
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "with --reason and --yes it goes on as {}, under a new key, and says so in its first new entry. What was stored after \
         the backup is lost: bodies, lists, accounts, phrases. What was erased after it is back. Everybody is shown both \
         numbers and the reason and is asked before anything is written. Nothing was changed yet\n",
        plan.after
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn fail(error: &dyn Error) -> ExitCode {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "civis-server: {error}");
    ExitCode::FAILURE
}
