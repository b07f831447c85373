import Countersign

Server.run("accounts") { context in
  let connection = Connection(context.configuration.database)
  let routes = Routes(connection, context)
  return Responder(connection, context, routes: routes.table, gauges: routes.gauges)
}
