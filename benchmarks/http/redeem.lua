-- The same requests by wrk: each thread reads its share of a plan, and every line is asked once.
--
--   python -m benchmarks.http.stand FOLDER          prints the command for what it serves
--   wrk -t1 -c32 -d5s --latency -s redeem.lua http://127.0.0.1:PORT -- FOLDER/redemptions.tsv
--
-- A line of a plan: kind, status, expected fields, again or once, path, key, token, body, divided
-- by tabs (benchmarks/http/plan.py). One in a hundred must be declined with 409, which wrk counts
-- among its "Non-2xx" answers; a status that no line expects is counted as unexpected. A thread
-- that comes to the end of its share stops, and its figures with it: ask for fewer seconds.

local threads = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
   for _, one in ipairs(threads) do
      one:set("of", #threads)
   end
end

local asks, place = {}, 0

function init(args)
   unexpected, over = 0, false
   local file = assert(io.open(args[1], "r"), "the plan is the first word after --")
   local row = 0
   for line in file:lines() do
      if row % of == number then
         local path, key, token, body = line:match("^[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
         local headers = {
            ["Authorization"] = "Bearer " .. token,
            ["Idempotency-Key"] = key,
            ["Content-Type"] = "application/json",
         }
         table.insert(asks, wrk.format("POST", path, headers, body))
      end
      row = row + 1
   end
   file:close()
end

function request()
   place = place + 1
   if place >= #asks then
      over = true
      wrk.thread:stop()
   end
   return asks[math.min(place, #asks)]
end

function response(status)
   if status ~= 200 and status ~= 409 then
      unexpected = unexpected + 1
   end
end

function done(summary)
   for _, thread in ipairs(threads) do
      if thread:get("over") then
         print("a plan was over before the time was")
      end
      if thread:get("unexpected") > 0 then
         print("unexpected answers: " .. thread:get("unexpected"))
      end
   end
   print(string.format("%.0f answers per second", summary.requests / summary.duration * 1000000))
end
