%% The workloads of ../README.md in plain Erlang: processes, `!`, selective receive.
%% Run by the script `erlang` beside the compiled file: erlang WORKLOAD LANES RUNS
-module(workloads).
-export([main/1]).

main([Workload, Lanes, Runs]) ->
    run(Workload, list_to_integer(Lanes), list_to_integer(Runs)),
    halt(0).

run("dispatch", Lanes, _Runs) ->
    dispatch:run(Lanes);
run("idle-bytes", Lanes, _Runs) -> % A second time the memory would be there already.
    report("idle-bytes", Lanes, "bytes/actor", [idle_bytes(1000000)]);
run(Workload, Lanes, Runs) ->
    {_, Unit, _} = fresh(Workload),
    Values = [value(fresh(Workload)) || _ <- lists:seq(1, Runs)],
    report(Workload, Lanes, Unit, Values).

%% Each run has a process of its own, so that no heap is carried over.
fresh(Workload) ->
    Self = self(),
    {_, Ref} = spawn_monitor(fun() -> Self ! {result, workload(Workload)} end),
    receive
        {result, Result} ->
            receive {'DOWN', Ref, _, _, _} -> Result end;
        {'DOWN', Ref, _, _, Reason} ->
            io:format(standard_error, "~s: ~p~n", [Workload, Reason]),
            halt(1)
    end.

value({_, "ms", Ns}) -> Ns / 1.0e6;
value({Operations, _, Ns}) -> Ns / Operations.

report(Workload, Lanes, Unit, Values) ->
    Sorted = lists:sort(Values),
    N = length(Sorted),
    Median = (lists:nth((N + 1) div 2, Sorted) + lists:nth(N div 2 + 1, Sorted)) / 2,
    io:format("{\"bench\":\"~s\",\"lanes\":~p,\"unit\":\"~s\",\"median\":~.2f,\"min\":~.2f,"
              "\"max\":~.2f,\"n\":~p,\"p50\":null,\"p99\":null,\"p999\":null,\"peer\":\"erlang ~s\"}~n",
              [Workload, Lanes, Unit, Median, hd(Sorted), lists:last(Sorted), N,
               erlang:system_info(otp_release)]).

timed(Fun) ->
    Began = erlang:monotonic_time(nanosecond),
    Fun(),
    erlang:monotonic_time(nanosecond) - Began.

%% --- The workloads: {Operations, Unit, Nanoseconds}. A wrong result crashes the match. -----

workload("ping-pong") ->
    N = 1000000,
    Pong = spawn_link(fun() -> pong(0) end),
    Ns = timed(fun() -> ping(N, Pong) end),
    Pong ! {count, self()},
    receive {count, N} -> ok end,
    {N, "ns/round trip", Ns};
workload("thread-ring") ->
    N = 1000000,
    Self = self(),
    Last = spawn_link(fun() -> receive {next, Next} -> ring(99, Next, Self) end end),
    First = lists:foldl(fun(I, Next) -> spawn_link(fun() -> ring(I, Next, Self) end) end,
                        Last, lists:seq(98, 0, -1)),
    Last ! {next, First},
    Ns = timed(fun() -> First ! N, receive {ended, At} -> At = N rem 100 end end),
    First ! stop,
    {N, "ns/hop", Ns};
workload("counting") ->
    N = 5000000,
    Counter = spawn_link(fun() -> counter(0) end),
    Ns = timed(fun() ->
        flood(Counter, N),
        Counter ! {count, self()},
        receive {count, N} -> ok end
    end),
    {N, "ns/message", Ns};
workload("fork-join-throughput") ->
    Forks = 60, Each = 10000,
    Self = self(),
    Pids = [spawn_link(fun() -> fork(Each, Self) end) || _ <- lists:seq(1, Forks)],
    Ns = timed(fun() -> rounds(Each, Pids), wait(done, Forks) end),
    {Forks * Each, "ns/message", Ns};
workload("fork-join-create") ->
    N = 1000000,
    Self = self(),
    Sum = N * (N + 1) div 2,
    Ns = timed(fun() ->
        Join = spawn_link(fun() -> Self ! {sum, sum(N, 0)} end),
        create(N, Join),
        receive {sum, Sum} -> ok end
    end),
    {N, "ns/actor", Ns};
workload("chameneos") ->
    N = 200000,
    Self = self(),
    Sum = 2 * N,
    Ns = timed(fun() ->
        Mall = spawn_link(fun() -> mall(N, none, 100, 0, Self) end),
        [spawn_link(fun() -> creature(Mall, I rem 3, 0) end) || I <- lists:seq(1, 100)],
        receive {meetings, Sum} -> ok end
    end),
    {N, "ns/meeting", Ns};
workload("big") ->
    Peers = 120, Each = 10000,
    Self = self(),
    Pids = [spawn_link(fun() -> big(I, Each, Self) end) || I <- lists:seq(0, Peers - 1)],
    Table = list_to_tuple(Pids),
    [Pid ! {peers, Table} || Pid <- Pids],
    wait(ready, Peers),
    Ns = timed(fun() -> [Pid ! go || Pid <- Pids], wait(done, Peers) end),
    [Pid ! {count, Self} || Pid <- Pids],
    Sum = Peers * Each,
    Sum = lists:sum([receive {count, C} -> C end || _ <- Pids]),
    {2 * Peers * Each, "ns/message", Ns};
workload("n-to-1") ->
    Senders = 100, Each = 50000,
    Self = self(),
    Sink = spawn_link(fun() -> fork(Senders * Each, Self) end),
    Pids = [spawn_link(fun() -> receive go -> flood(Sink, Each) end end)
            || _ <- lists:seq(1, Senders)],
    Ns = timed(fun() -> [Pid ! go || Pid <- Pids], wait(done, 1) end),
    {Senders * Each, "ns/message", Ns};
workload("skynet") ->
    N = 1000000,
    Self = self(),
    Sum = N * (N - 1) div 2,
    Ns = timed(fun() ->
        spawn_link(fun() -> skynet(Self, 0, N) end),
        receive {sum, Sum} -> ok end
    end),
    {N, "ms", Ns}.

%% --- Their processes. ---------------------------------------------------------------------

ping(0, _) -> ok;
ping(N, Pong) ->
    Pong ! {ping, self()},
    receive pong -> ok end,
    ping(N - 1, Pong).

pong(Seen) ->
    receive
        {ping, From} -> From ! pong, pong(Seen + 1);
        {count, From} -> From ! {count, Seen}
    end.

ring(Index, Next, Driver) ->
    receive
        0 -> Driver ! {ended, Index}, ring(Index, Next, Driver);
        stop -> Next ! stop;
        Left -> Next ! Left - 1, ring(Index, Next, Driver)
    end.

counter(Seen) ->
    receive
        inc -> counter(Seen + 1);
        {count, From} -> From ! {count, Seen}
    end.

flood(_, 0) -> ok;
flood(To, N) -> To ! inc, flood(To, N - 1).

fork(0, Driver) -> Driver ! done;
fork(Left, Driver) -> receive inc -> fork(Left - 1, Driver) end.

rounds(0, _) -> ok;
rounds(N, Pids) -> each(Pids), rounds(N - 1, Pids).

each([]) -> ok;
each([Pid | Rest]) -> Pid ! inc, each(Rest).

wait(_, 0) -> ok;
wait(What, N) -> receive What -> wait(What, N - 1) end.

create(0, _) -> ok;
create(N, Join) ->
    Pid = spawn(fun() -> receive {number, I} -> Join ! {number, I} end end),
    Pid ! {number, N},
    create(N - 1, Join).

sum(0, Sum) -> Sum;
sum(Left, Sum) -> receive {number, I} -> sum(Left - 1, Sum + I) end.

mall(_, _, 0, Sum, Driver) -> Driver ! {meetings, Sum};
mall(0, Waiting, Creatures, Sum, Driver) ->
    case Waiting of
        none -> ok;
        {Last, _} -> Last ! closed
    end,
    receive
        {meet, From, _} -> From ! closed, mall(0, none, Creatures, Sum, Driver);
        {meetings, N} -> mall(0, none, Creatures - 1, Sum + N, Driver)
    end;
mall(Left, none, Creatures, Sum, Driver) ->
    receive {meet, From, Colour} -> mall(Left, {From, Colour}, Creatures, Sum, Driver) end;
mall(Left, {First, Other}, Creatures, Sum, Driver) ->
    receive
        {meet, From, Colour} ->
            First ! {with, Colour},
            From ! {with, Other},
            mall(Left - 1, none, Creatures, Sum, Driver)
    end.

creature(Mall, Colour, Met) ->
    Mall ! {meet, self(), Colour},
    receive
        {with, Colour} -> creature(Mall, Colour, Met + 1);
        {with, Other} -> creature(Mall, 3 - Colour - Other, Met + 1);
        closed -> Mall ! {meetings, Met}
    end.

big(Index, Each, Driver) ->
    receive {peers, Peers} -> Driver ! ready end,
    receive go -> big_ping(Peers, Each, Index * 7919 + 1, 0, Driver) end.

big_ping(_, 0, _, Seen, Driver) -> Driver ! done, big_idle(Seen);
big_ping(Peers, Left, Random, Seen, Driver) ->
    Next = (Random * 1103515245 + 12345) band 16#7fffffff,
    element((Next bsr 8) rem tuple_size(Peers) + 1, Peers) ! {ping, self()},
    big_wait(Peers, Left, Next, Seen, Driver).

big_wait(Peers, Left, Random, Seen, Driver) ->
    receive
        {ping, From} -> From ! pong, big_wait(Peers, Left, Random, Seen + 1, Driver);
        pong -> big_ping(Peers, Left - 1, Random, Seen, Driver)
    end.

big_idle(Seen) ->
    receive
        {ping, From} -> From ! pong, big_idle(Seen + 1);
        {count, From} -> From ! {count, Seen}
    end.

skynet(Parent, First, 1) -> Parent ! {sum, First};
skynet(Parent, First, Leaves) ->
    Self = self(), Below = Leaves div 10,
    [spawn(fun() -> skynet(Self, First + I * Below, Below) end) || I <- lists:seq(0, 9)],
    Parent ! {sum, lists:sum([receive {sum, Sum} -> Sum end || _ <- lists:seq(0, 9)])}.

%% --- Memory. ------------------------------------------------------------------------------

idle_bytes(N) ->
    Before = resident(),
    Pids = idle(N, []),
    erlang:garbage_collect(),
    Bytes = (resident() - Before) / N,
    N = length([Pid || Pid <- Pids, is_process_alive(Pid)]),
    Bytes.

idle(0, Pids) -> Pids;
idle(N, Pids) -> idle(N - 1, [spawn(fun() -> receive stop -> ok end end) | Pids]).

resident() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = string:tokens(binary_to_list(Text), " "),
    list_to_integer(Pages) * 4096.
