%% One process answers each message by sending itself another, so that 10,000 always wait for it; a message is due every millisecond for one of a
%% hundred others. The delay runs from the moment that it is due.
-module(flood).
-export([measure/1]).

measure(Probes) ->
    Main = self(),
    Others = list_to_tuple([spawn_link(fun() -> other(Main) end) || _ <- lists:seq(1, 100)]),
    Start = erlang:monotonic_time(microsecond),
    Victim = spawn_link(fun() -> victim(Start + Probes * 1000, 0) end),
    [Victim ! drop || _ <- lists:seq(1, 10000)],
    spawn_link(fun() -> probe(Others, Probes, Start, 0) end),
    Delays = lists:sort([receive {delay, Delay} -> Delay / 1000 end || _ <- lists:seq(1, Probes)]),
    Victim ! {report, Main},
    Drops = receive {drops, Handled} -> Handled end,
    Rank = fun(Share) -> lists:nth(max(1, ceil(Share * Probes)), Delays) end,
    [{count, length(Delays)}, {p50, Rank(0.5)}, {p99, Rank(0.99)}, {drops, Drops}].

victim(Until, Handled) ->
    receive
        drop ->
            case Handled rem 64 =:= 0 andalso erlang:monotonic_time(microsecond) >= Until of
                true -> resting(Handled + 1);
                false -> self() ! drop, victim(Until, Handled + 1)
            end
    end.

resting(Handled) ->
    receive
        drop -> resting(Handled + 1);
        {report, To} -> To ! {drops, Handled}
    end.

probe(_Others, Probes, _Start, Probes) -> ok;
probe(Others, Probes, Start, Sent) ->
    receive after 1 -> ok end,
    Due = min(Probes, (erlang:monotonic_time(microsecond) - Start) div 1000),
    send_due(Others, Start, Sent, Due),
    probe(Others, Probes, Start, max(Sent, Due)).

send_due(_Others, _Start, Sent, Due) when Sent >= Due -> ok;
send_due(Others, Start, Sent, Due) ->
    element(Sent rem 100 + 1, Others) ! {probe, Start + (Sent + 1) * 1000},
    send_due(Others, Start, Sent + 1, Due).

other(Main) ->
    receive
        {probe, Due} ->
            Main ! {delay, erlang:monotonic_time(microsecond) - Due},
            other(Main)
    end.
