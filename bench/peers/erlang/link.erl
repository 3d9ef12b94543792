%% Erlang distribution between two nodes, without epmd: link main WORKLOAD LANES RUNS; link serve.
-module(link).
-export([main/1, serve/0]).
-define(TRIPS, 20000).

%% The other node.
serve() ->
    register(far, self()),
    loop(0).

loop(K) ->
    receive
        {echo, P, B} -> P ! B, loop(K);
        {count, _} -> loop(K + 1);
        {ask, P} -> P ! {counted, K}, loop(0);
        stop -> halt(0)
    end.

main([Work, Lanes, Runs]) ->
    Far = {far, 'far@127.0.0.1'},
    true = wait(500),
    run(Work, list_to_integer(Lanes), list_to_integer(Runs), Far),
    Far ! stop,
    timer:sleep(50),
    halt(0).

wait(0) -> false;
wait(N) ->
    case net_kernel:connect_node('far@127.0.0.1') of
        true -> true;
        _ -> timer:sleep(20), wait(N - 1)
    end.

run("link-rtt", Lanes, Runs, Far) ->
    B = binary:copy(<<"x">>, 64),
    trips(Far, B, ?TRIPS, []),
    All = [begin T = now_ns(), S = trips(Far, B, ?TRIPS, []), {(now_ns() - T) / ?TRIPS, S} end || _ <- lists:seq(1, Runs)],
    Sorted = lists:sort(lists:append([S || {_, S} <- All])),
    N = length(Sorted),
    At = fun(Share) -> lists:nth(max(1, round(N * Share)), Sorted) end,
    report("link-rtt", "ns/round trip", Lanes, 64, [V || {V, _} <- All],
           io_lib:format("\"p50\":~p,\"p99\":~p,\"p999\":~p", [At(0.5), At(0.99), At(0.999)]));
run("link-throughput", Lanes, Runs, Far) ->
    [begin
         B = binary:copy(<<"x">>, Size),
         one_way(Far, B, Count),
         report("link-throughput", "ns/message", Lanes, Size, [one_way(Far, B, Count) / Count || _ <- lists:seq(1, Runs)],
                "\"p50\":null,\"p99\":null,\"p999\":null")
     end || {Size, Count} <- [{64, 500000}, {1024, 500000}, {65536, 20000}]].

trips(_, _, 0, Samples) -> Samples;
trips(Far, B, N, Samples) ->
    T = now_ns(),
    Far ! {echo, self(), B},
    receive X when is_binary(X) -> ok end,
    trips(Far, B, N - 1, [now_ns() - T | Samples]).

one_way(Far, B, N) ->
    T = now_ns(),
    flood(Far, {count, B}, N),
    Far ! {ask, self()},
    receive {counted, N} -> ok end,
    now_ns() - T.

flood(_, _, 0) -> ok;
flood(Far, M, N) -> Far ! M, flood(Far, M, N - 1).

now_ns() -> erlang:monotonic_time(nanosecond).

report(Name, Unit, Lanes, Size, Values, Shares) ->
    S = lists:sort(Values),
    N = length(S),
    Median = (lists:nth((N + 1) div 2, S) + lists:nth(N div 2 + 1, S)) / 2,
    io:format("{\"bench\":\"~s\",\"lanes\":~p,\"unit\":\"~s\",\"median\":~.2f,\"min\":~.2f,\"max\":~.2f,\"n\":~p,~s,\"size\":~p,"
              "\"peer\":\"erlang distribution ~s\"}~n",
              [Name, Lanes, Unit, Median, hd(S), lists:last(S), N, Shares, Size, erlang:system_info(otp_release)]).
