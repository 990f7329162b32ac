-- SPDX-FileCopyrightText: The rouse authors
-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

-- For wrk: 16 requests at once on each connection. The latency is that of the 16 together.

local together

function init()
    local requests = {}
    for i = 1, 16 do
        requests[i] = wrk.format("GET", "/")
    end
    together = table.concat(requests)
end

function request()
    return together
end

-- wrk's own "99%" is often 0 where requests are pipelined (it looks for more samples than there are), so it
-- is counted here.
function done(_, latency)
    local total = 0
    for i = 1, #latency do
        local _, count = latency(i)
        total = total + count
    end
    local below = 0
    for i = 1, #latency do
        local microseconds, count = latency(i)
        below = below + count
        if below >= 0.99 * total then
            print(string.format("counted 99%% %dus", microseconds))
            return
        end
    end
end
