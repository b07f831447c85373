import Countersign

Server.run("admin") { context in
  let connection = Connection(context.configuration.database)
  return Responder(connection, context, routes: Routes(connection, context).table)
}
