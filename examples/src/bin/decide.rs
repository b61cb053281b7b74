//! Decides whether a user may do something, with policies from a document.

use identity::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = PolicyDocument::from_json(include_str!("../../policy.json"))?.world()?;
    let ann = resolve(&world, ResolveInput::from(&Principal::user("ann")?));
    let question = Question::resource(world.catalog(), "PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE", "order")?;
    let decision = decide(&world, &ann, &question);
    println!("{}: {:?}", decision.allowed(), decision.explain(&world, &ann));
    Ok(())
}
