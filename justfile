# Lists the recipes.
default:
    @just --list

# Format, lints and types, without tests.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    npm run --silent --prefix identity-http/ui check

# Tests of all packages, or of one: `just test -p identity-core`.
test *arguments:
    tests/run {{arguments}}

# The admin UI on a development server; needs `cargo run -- dev` beside it.
ui:
    npm run dev --prefix identity-http/ui

# Writes the generated documents: the tables and the schema of configuration keys, the OpenAPI document and the UI's client.
openapi:
    cargo build
    UPDATE_DOCS=1 cargo test -p identity-server --lib docs
    UPDATE_DOCS=1 cargo test -p identity-e2e --test server openapi
    npm run client --prefix identity-http/ui

# Benchmarks, or one of them: `just bench decision`.
bench name='':
    cargo bench -p identity-bench {{ if name == '' { '' } else { '--bench ' + name } }}

# Documentation of the published crates, without warnings.
doc:
    cargo doc --workspace --all-features --no-deps

# Packages of all published crates, in target/package.
package:
    cargo package --no-verify

# Compares the public API with that of the last release; needs `cargo install cargo-semver-checks`.
semver baseline=`git describe --tags --abbrev=0`:
    cargo semver-checks --workspace --baseline-rev {{ baseline }}
