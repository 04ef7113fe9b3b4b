%% A hundred creatures meet in pairs at a mall. Answers the messages handled: four per meeting, and three per creature at the end.
-module(chameneos).
-export([run/1]).

run(Meetings) ->
    Main = self(),
    Mall = spawn_link(fun() -> mall(Main, undefined, Meetings, 0, 0, 0) end),
    Creatures = [spawn_link(fun() -> enter(Mall, Index rem 3) end) || Index <- lists:seq(0, 99)],
    receive {all_gone, Halves} -> Halves = Meetings * 2 end,
    All = [Mall | Creatures],
    [Actor ! {report, self()} || Actor <- All],
    lists:sum([receive {handled, Handled} -> Handled end || _ <- All]).

mall(Main, Waiting, Left, Received, Gone, Halves) ->
    receive
        {visit, _Colour, From} when Left =:= 0 ->
            From ! exit,
            mall(Main, Waiting, Left, Received + 1, Gone, Halves);
        {visit, _Colour, _From} = Visit when Waiting =:= undefined ->
            mall(Main, Visit, Left, Received + 1, Gone, Halves);
        {visit, Colour, From} ->
            {visit, _, First} = Waiting,
            First ! {meet, Colour, From},
            mall(Main, undefined, Left - 1, Received + 1, Gone, Halves);
        {goodbye, Met} ->
            if Gone + 1 =:= 100 -> Main ! {all_gone, Halves + Met}; true -> ok end,
            mall(Main, Waiting, Left, Received + 1, Gone + 1, Halves + Met);
        {report, To} ->
            To ! {handled, Received}
    end.

enter(Mall, Colour) ->
    Mall ! {visit, Colour, self()},
    creature(Mall, Colour, 0, 0).

creature(Mall, Colour, Met, Received) ->
    receive
        {meet, Other, From} ->
            Changed = complement(Colour, Other),
            From ! {change, Changed},
            Mall ! {visit, Changed, self()},
            creature(Mall, Changed, Met + 1, Received + 1);
        {change, Changed} ->
            Mall ! {visit, Changed, self()},
            creature(Mall, Changed, Met + 1, Received + 1);
        exit ->
            Mall ! {goodbye, Met},
            creature(Mall, Colour, Met, Received + 1);
        {report, To} ->
            To ! {handled, Received}
    end.

complement(Colour, Colour) -> Colour;
complement(Own, Other) -> 3 - Own - Other.
