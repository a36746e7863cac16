//! The command line of `civis`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::from(cli::command::NOT_DONE),
    };
    let code = runtime.block_on(cli::command::run(std::env::args_os(), &mut std::io::stdout()));
    ExitCode::from(code)
}
