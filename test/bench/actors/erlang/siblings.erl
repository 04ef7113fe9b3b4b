%% Spawn, stop and a timer that is started and cancelled, beside a hundred processes and beside many, all of them with a timer running.
-module(siblings).
-export([measure/1]).

-define(BATCH, 50).

measure(Siblings) ->
    Few = grow(100),
    churn(200, {0, 0, 0}),
    {Spawn, Timer, Stop} = churn(2000, {0, 0, 0}),
    Many = grow(Siblings - 100),
    churn(200, {0, 0, 0}),
    {SpawnMany, TimerMany, StopMany} = churn(2000, {0, 0, 0}),
    All = Few ++ Many,
    Alive = length([Actor || Actor <- All, is_process_alive(Actor)]),
    PerActor = fun(Nanoseconds) -> Nanoseconds / (2000 * ?BATCH) end,
    [
        {count, Alive},
        {spawn, SpawnMany / max(1, Spawn)},
        {stop, StopMany / max(1, Stop)},
        {timer, TimerMany / max(1, Timer)},
        {spawnNanoseconds, PerActor(SpawnMany)},
        {stopNanoseconds, PerActor(StopMany)},
        {timerNanoseconds, PerActor(TimerMany)}
    ].

grow(Actors) ->
    Grown = [spawn(fun() -> waiter(undefined) end) || _ <- lists:seq(1, Actors)],
    [Actor ! arm || Actor <- Grown],
    Grown.

%% Nanoseconds by the wall, since the emulator's CPU time is in milliseconds; one scheduler does nothing else.
churn(0, Spent) -> Spent;
churn(Rounds, {Spawn, Timer, Stop}) ->
    Born = erlang:monotonic_time(nanosecond),
    Batch = [spawn_monitor(fun() -> waiter(undefined) end) || _ <- lists:seq(1, ?BATCH)],
    Armed = erlang:monotonic_time(nanosecond),
    [begin Actor ! arm, Actor ! {disarm, self()} end || {Actor, _} <- Batch],
    [receive disarmed -> ok end || _ <- Batch],
    Stopped = erlang:monotonic_time(nanosecond),
    [Actor ! stop || {Actor, _} <- Batch],
    [receive {'DOWN', Monitor, process, _, normal} -> ok end || {_, Monitor} <- Batch],
    Ended = erlang:monotonic_time(nanosecond),
    churn(Rounds - 1, {Spawn + Armed - Born, Timer + Stopped - Armed, Stop + Ended - Stopped}).

waiter(Timer) ->
    receive
        arm -> waiter(erlang:send_after(600000, self(), fired));
        {disarm, From} -> erlang:cancel_timer(Timer), From ! disarmed, waiter(undefined);
        stop -> ok
    end.
