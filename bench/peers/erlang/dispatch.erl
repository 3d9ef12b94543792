%% Dispatch latency, open loop: see ../README.md. The pacer is a process and keeps one scheduler busy,
%% which is why this workload is started with one more scheduler than lanes.
-module(dispatch).
-export([run/1]).

-define(ACTORS, 16).
-define(WINDOWS, 4).
-define(WINDOW_NS, 250000000).
-define(PAUSE_MS, 20).
-define(SUB_BITS, 5).
-define(BUCKETS, 2048).

run(Lanes) ->
    [rate(Lanes, Rate) || Rate <- [10000, 100000, 1000000]].

rate(Lanes, Rate) ->
    Self = self(),
    Each = Rate * ?WINDOW_NS div 1000000000,
    Actors = list_to_tuple([spawn_opt(fun() -> actor(counters:new(?BUCKETS, []), Self, 0, 0) end,
                                      [link, {priority, high}]) || _ <- lists:seq(1, ?ACTORS)]),
    spawn_link(fun() -> % The first window warms up.
        [begin
             window(Kind, now_ns(), now_ns() + 1000000, 1000000000 div Rate, 0, Each, Actors),
             timer:sleep(?PAUSE_MS)
         end || Kind <- [warm | lists:duplicate(?WINDOWS, due)]],
        [element(I, Actors) ! stop || I <- lists:seq(1, ?ACTORS)]
    end),
    Reports = [receive {histogram, H, Max, Count} -> {H, Max, Count} end || _ <- lists:seq(1, ?ACTORS)],
    Total = ?WINDOWS * Each,
    Total = lists:sum([Count || {_, _, Count} <- Reports]),
    Merged = [lists:sum([counters:get(H, I) || {H, _, _} <- Reports]) || I <- lists:seq(1, ?BUCKETS)],
    Max = lists:max([M || {_, M, _} <- Reports]),
    [P50, P99, P999] = [share(Merged, ceil(Total * S), 0) || S <- [0.5, 0.99, 0.999]],
    io:format("{\"bench\":\"dispatch\",\"lanes\":~p,\"unit\":\"ns\",\"rate\":~p,\"mode\":\"parked\",\"median\":~p,"
              "\"min\":~p,\"max\":~p,\"n\":~p,\"p50\":~p,\"p99\":~p,\"p999\":~p,\"peer\":\"erlang ~s\"}~n",
              [Lanes, Rate, P50, share(Merged, 1, 0), Max, 1, P50, P99, P999,
               erlang:system_info(otp_release)]).

%% A message carries the time at which it should have been sent: a late pacer is a late message.
window(_, _, _, _, Each, Each, _) -> ok;
window(Kind, Seen, Due, Step, I, Each, Actors) ->
    Now = wait_until(Due, Seen),
    element(I rem ?ACTORS + 1, Actors) ! {Kind, Due},
    window(Kind, Now, Due + Step, Step, I + 1, Each, Actors).

wait_until(Due, Now) when Now >= Due -> Now;
wait_until(Due, _) -> wait_until(Due, now_ns()).

actor(Histogram, Driver, Max, Count) ->
    receive
        stop -> Driver ! {histogram, Histogram, Max, Count};
        {warm, _} -> actor(Histogram, Driver, Max, Count);
        {due, Due} ->
            Late = now_ns() - Due,
            counters:add(Histogram, bucket(Late) + 1, 1),
            actor(Histogram, Driver, max(Max, Late), Count + 1)
    end.

now_ns() -> erlang:monotonic_time(nanosecond).

%% Log-linear: 32 equal buckets in each power of two.
bucket(Ns) when Ns < 1 bsl ?SUB_BITS -> Ns;
bucket(Ns) ->
    Shift = log2(Ns bsr (?SUB_BITS + 1), 0),
    (Shift bsl ?SUB_BITS) + (Ns bsr Shift).

log2(0, Bits) -> Bits;
log2(N, Bits) -> log2(N bsr 1, Bits + 1).

%% The highest value of the bucket that holds the value of rank Left.
share([Count | Rest], Left, I) when Count < Left, Rest =/= [] -> share(Rest, Left - Count, I + 1);
share(_, _, I) when I < 1 bsl (?SUB_BITS + 1) -> I;
share(_, _, I) ->
    Shift = (I bsr ?SUB_BITS) - 1,
    (((I band ((1 bsl ?SUB_BITS) - 1)) + (1 bsl ?SUB_BITS) + 1) bsl Shift) - 1.
