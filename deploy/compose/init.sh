#!/bin/sh
# Makes what compose.yaml needs and no repository may have: .env, and deploy/compose/secrets. What is there already stays
# as it is, so that it may be run again.
set -eu
cd "$(dirname "$0")/../.."

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ -e .env ]; then
  echo ".env is there already and stays as it is"
else
  (
    umask 077
    cat >.env.new <<END
# For compose.yaml. Keep it to yourself.
TOLLGATE_ADMIN_TOKEN=tga-$(secret)
# What applications send as their key, until they have keys of their own: docker compose exec tollgate tollgate keys create
TOLLGATE_KEY=tg-$(secret)
TOLLGATE_CLICKHOUSE_PASSWORD=$(secret)
GRAFANA_CLICKHOUSE_PASSWORD=$(secret)
# Grafana's user "admin", at its first start
GRAFANA_ADMIN_PASSWORD=$(secret)

# The providers that are on. With none, a simulated one answers.
OPENAI_API_KEY=
ANTHROPIC_API_KEY=
GEMINI_API_KEY=
DEEPSEEK_API_KEY=
HOLYSHEEP_API_KEY=
END
    mv .env.new .env
  )
  echo "made .env: put the keys of your providers there"
fi

# The folder keeps others of this machine out; the files are read by the containers' own users.
mkdir -p deploy/compose/secrets
chmod 0700 deploy/compose/secrets
place() {
  if [ -e "deploy/compose/secrets/$1" ]; then return; fi
  printf '%s' "$2" >"deploy/compose/secrets/$1"
  chmod 0644 "deploy/compose/secrets/$1"
  echo "made deploy/compose/secrets/$1: put $3 there, or alerts go nowhere"
}
place slack-url https://hooks.slack.com/services/replace/this/url "the URL of your Slack webhook"
place pagerduty-key 00000000000000000000000000000000 "your PagerDuty integration key"
