-- For wrk: send the requests of a file in turn, and print figures on a line.
--   wrk ... -s requests.lua URL -- FILE THREADS
-- Thread t sends the requests t, t + THREADS, ... over and over, so that the
-- two versions of an item in a file for PutItem are sent by the same thread.

local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

function init(args)
	local file = assert(io.open(args[1], "rb"))
	requests = {}
	for text in file:read("*a"):gmatch("([^%z]+)%z") do
		requests[#requests + 1] = text
	end
	file:close()
	count = #requests
	step = tonumber(args[2])
	assert(count > 0 and count % step == 0)
	position = number
end

function request()
	local text = requests[position + 1]
	position = (position + step) % count
	return text
end

-- requests, seconds, p50 and p99 in milliseconds, errors
function done(summary, latency)
	local e = summary.errors
	print(string.format("figures %d %.3f %.3f %.3f %d", summary.requests,
		summary.duration / 1e6, latency:percentile(50) / 1e3,
		latency:percentile(99) / 1e3,
		e.connect + e.read + e.write + e.status + e.timeout))
end
