//! As whom a run speaks to the forge: by a token, or as an App, which has a token for each owner of repositories.

use std::time::Duration;

use crate::edge::Failure;
use crate::edge::arguments::Bot;
use crate::edge::forge::{App, Client, GitHubRepositories, Pages, Trouble};

use super::TOGETHER;

pub struct Access {
    client: Client,
    app: Option<App>,
}

impl Access {
    /// What arguments and environment say; `waits` is told for how many seconds nothing happens.
    pub fn of(arguments: &Bot, pages: Pages, waits: impl Fn(u64) + Send + Sync + 'static) -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let app = variable("DOCKWRIGHT_APP_ID").zip(variable("DOCKWRIGHT_APP_KEY"));
        let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
        let token = match (&app, token) {
            // Never sent.
            (Some(_), _) => "none".to_owned(),
            (None, Some(token)) => token,
            (None, None) => {
                let help = "set GITHUB_TOKEN, or DOCKWRIGHT_APP_ID and DOCKWRIGHT_APP_KEY";
                return Err(Failure::new("the token is not known", help));
            }
        };
        let api = arguments.api.clone().or_else(|| variable("GITHUB_API_URL"));
        let api = api.as_deref().unwrap_or("https://api.github.com");
        let (patience, pause) = (Duration::from_secs(arguments.patience * 60), Duration::from_millis(arguments.pause));
        let client = Client::new(api, &token, patience, pause)?.telling(waits).knowing(pages);
        let app = app.map(|(id, key)| App::new(client.clone(), &id, &key)).transpose()?;
        Ok(Self { client, app })
    }

    /// The forge, as it is seen by who may look at `name`: an owner, or `owner/name`.
    pub fn at(&mut self, name: &str) -> Result<GitHubRepositories, Trouble> {
        let owner = name.split('/').next().unwrap_or(name);
        let client = match &mut self.app {
            Some(app) => app.at(owner)?,
            None => self.client.clone(),
        };
        Ok(GitHubRepositories { client })
    }

    /// What counts the requests.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The repositories that are asked about together: a token of an App sees those of one owner only.
    pub fn together<'t>(&self, targets: &'t [String]) -> Vec<&'t [String]> {
        fn owner(name: &str) -> &str {
            name.split('/').next().unwrap_or(name)
        }
        let apart = self.app.is_some();
        let same = targets.chunk_by(|one, other| !apart || owner(one) == owner(other));
        same.flat_map(|names| names.chunks(TOGETHER)).collect()
    }
}
