-- Replays the requests of the file named by $REQUESTS, round robin, each thread from a place of its own.
-- A line is: method, path, headers as "Name: value" separated by |, body; with tabs between them.
local requests, position = {}, 0
function init(arguments)
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, path, headers, body = line:match("^(%S+)\t(%S+)\t([^\t]*)\t(.*)$")
    local fields = {}
    for field in headers:gmatch("[^|]+") do
      local name, value = field:match("^([^:]+): (.*)$")
      fields[name] = value
    end
    requests[#requests + 1] = wrk.format(method, path, fields, body ~= "" and body or nil)
  end
end
function request()
  position = position % #requests + 1
  return requests[position]
end
