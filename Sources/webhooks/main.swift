import Countersign

Server.run("webhooks", maximumBody: 256 * 1024) { context in
  let connection = Connection(context.configuration.database)
  return Responder(connection, context, routes: Routes(connection, context).table)
}
