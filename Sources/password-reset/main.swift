import Countersign

Server.run("password-reset") { context in
  let connection = Connection(context.configuration.database)
  return Responder(connection, context, routes: Routes(connection, context).table)
}
