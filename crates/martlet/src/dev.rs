//! `martlet dev`: a whole relay on loopback, in one folder, without any configuration.
//!
//! Every service is at `port base + its well-known port`. The certificate is self-signed, the store
//! embedded; the folder is kept, so the next start finds its accounts again.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use doors::web::dclogin_url;
use mail::Domain;
use serde_json::json;
use store::OpenError;

use crate::config::Config;
use crate::house::{House, HouseError};
use crate::pages::{self, port};
use crate::{cli, log, terminal};

/// The highest port base at which every service still has a port.
const PORT_BASE_MAX: i64 = 65_535 - 3_478;

/// How `martlet dev` runs.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The folder for mail, certificate and log
    #[arg(long, value_name = "DIR", default_value = "martlet-dev")]
    pub dir: PathBuf,
    /// The mail domain; it need not exist
    #[arg(long, default_value = "chat.test", value_parser = cli::domain)]
    pub domain: Domain,
    /// Every service is at this number plus its well-known port
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u16).range(1_024..=PORT_BASE_MAX))]
    pub port_base: u16,
    /// Lift the limits on sending per user and on connections per address, for load tests
    #[arg(long)]
    pub unlimited: bool,
    /// Once everything is listening, print one line of JSON instead of the screen
    #[arg(long)]
    pub json: bool,
}

/// Runs the relay until a signal ends it.
pub fn run(options: &Options) -> ExitCode {
    match start(options) {
        Ok(code) => code,
        Err(error) => {
            cli::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<ExitCode, String> {
    let dir = prepare(&options.dir).map_err(|error| unusable(&options.dir, &error))?;
    let config = Config::dev(&options.domain, &dir, options.port_base, options.unlimited);
    let log_path = dir.join("martlet.log");
    let log_file = OpenOptions::new().create(true).append(true).mode(0o600).open(&log_path);
    let log_file = log_file.map_err(|error| format!("{}: {error}", log_path.display()))?;
    log::to_file(&config.log, log_file);
    let result = cli::runtime().block_on(async {
        let house = House::open(&config).await?;
        let text = match options.json {
            true => json_line(&config),
            false => screen(&config, &log_path, options),
        };
        cli::print(&text);
        house.serve().await
    });
    if let Err(error) = &result
        && let Some(advice) = advice(error)
    {
        return Err(format!("{error}\n{advice}"));
    }
    Ok(cli::finish(result))
}

/// The folder, made if need be and then for its owner only, as an absolute path.
fn prepare(dir: &Path) -> io::Result<PathBuf> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    dir.canonicalize()
}

fn unusable(dir: &Path, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::AlreadyExists => "this is a file, not a folder".to_owned(),
        _ => error.to_string(),
    };
    format!("{}: {why}\nChoose another folder with --dir.", dir.display())
}

/// What to do about the faults that a second relay on one machine meets.
fn advice(error: &HouseError) -> Option<&'static str> {
    match error {
        HouseError::Store(OpenError::InUse { .. }) => Some(
            "It seems to run there already. For a second relay choose another folder and other \
             ports,\nsuch as --dir second --port-base 20000.",
        ),
        HouseError::Bind(_) => Some("Choose other ports, such as --port-base 20000."),
        _ => None,
    }
}

/// One line for programs. A service that this version does not have is `null`.
fn json_line(config: &Config) -> String {
    let listen = &config.listen;
    let line = json!({
        "domain": config.domain.as_str(),
        "dir": config.data_dir,
        "pid": std::process::id(),
        "ports": {
            "smtp": port(&listen.smtp),
            "submission": port(&listen.submission),
            "submissions": port(&listen.submissions),
            "imap": port(&listen.imap),
            "imaps": port(&listen.imaps),
            "http": port(&listen.http),
            "https": port(&listen.https),
            "turn": null,
        },
    });
    format!("{line}\n")
}

/// One screen for people.
fn screen(config: &Config, log_path: &Path, options: &Options) -> String {
    let link = new_login(config);
    let qr = terminal::qr(&link).unwrap_or_default();
    let unlimited = match options.unlimited {
        true => "No limits on sending per user or on connections per address (--unlimited).\n",
        false => "",
    };
    let services: String = services(config)
        .into_iter()
        .map(|(name, address)| format!("  {name:<35}{address}\n"))
        .collect();
    format!(
        "Martlet {version}: a relay for {domain} on this machine.\n\n\
         {services}\n\
         In Delta Chat choose \"I already have a profile\", scan this or paste the link; the account \
         is made\nby its first login. For a second chatter open {web} and let the browser\n\
         accept the certificate, which this relay made itself.\n\n\
         {qr}\n\
         {link}\n\n\
         {unlimited}\
         Log: {log}\n\
         Stop with Ctrl-C; the folder keeps everything for the next start.\n",
        version = crate::VERSION,
        domain = config.domain,
        web = web_address(config),
        log = log_path.display(),
    )
}

fn services(config: &Config) -> Vec<(&'static str, String)> {
    let listen = &config.listen;
    let all = [
        ("Mail from other servers, STARTTLS", &listen.smtp),
        ("Submission, STARTTLS", &listen.submission),
        ("Submission, TLS", &listen.submissions),
        ("IMAP, STARTTLS", &listen.imap),
        ("IMAP, TLS", &listen.imaps),
        ("Web, IMAP and submission, TLS", &listen.https),
        ("Web, without TLS", &listen.http),
    ];
    let shown = all.into_iter().filter(|(_, addresses)| !addresses.is_empty());
    shown
        .map(|(name, addresses)| {
            (name, addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        })
        .collect()
}

fn web_address(config: &Config) -> String {
    config.listen.https.first().map(|it| format!("https://{it}/")).unwrap_or_default()
}

/// A `dclogin:` link for an address nobody has yet.
fn new_login(config: &Config) -> String {
    let accounts = &config.accounts;
    let lower = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let local = net::random::from_alphabet(lower, accounts.username_max_length);
    let password = net::random::alphanumeric(accounts.password_min_length.max(22));
    dclogin_url(&pages::facts(config), &format!("{local}@{}", config.domain), &password)
}
