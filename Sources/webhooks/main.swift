import Countersign

Server.run("webhooks") { context in
  let connection = Connection(context.configuration.database)
  return Responder(connection, context, routes: Routes(connection, context).table)
}
